-- Events with their users; items and sums on keys of their own.
SELECT create_distributed_table('events', 'user_id', shard_count => 16);
SELECT create_distributed_table('users', 'user_id', colocate_with => 'events');
SELECT create_distributed_table('events_by_user', 'user_id', colocate_with => 'events');
SELECT create_distributed_table('items', 'item_id', colocate_with => 'none', shard_count => 16);
SELECT create_distributed_table('events_by_item', 'item_id', colocate_with => 'items');
SELECT create_distributed_table('sums_by_grp', 'grp', colocate_with => 'none', shard_count => 16);
SELECT create_reference_table('kinds');
