-- The tables of schema.sql over :shards shards.
SET shardlite.shard_count = :shards;
SELECT create_distributed_table('tenants', 'tenant_id', colocate_with => 'none');
SELECT create_distributed_table(name, 'tenant_id', colocate_with => 'tenants')
	FROM unnest('{customers,orders,items,products}'::text[]) name;
SELECT create_distributed_table('parts', 'part_id', colocate_with => 'none');
SELECT create_distributed_table('makers', 'maker_id', colocate_with => 'none');
SELECT create_reference_table(name) FROM unnest('{countries,statuses}'::text[]) name;
