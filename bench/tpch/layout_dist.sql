-- Everything but the two tiny tables distributed, each on its own key.
SELECT create_distributed_table('orders', 'o_orderkey', shard_count => 16);
SELECT create_distributed_table('lineitem', 'l_orderkey', colocate_with => 'orders');
SELECT create_distributed_table('customer', 'c_custkey', colocate_with => 'none', shard_count => 16);
SELECT create_distributed_table('part', 'p_partkey', colocate_with => 'none', shard_count => 16);
SELECT create_distributed_table('partsupp', 'ps_partkey', colocate_with => 'part');
SELECT create_distributed_table('supplier', 's_suppkey', colocate_with => 'none', shard_count => 16);
SELECT create_reference_table(t) FROM unnest('{region,nation}'::regclass[]) t;
