-- The big pair distributed, everything else copied to every node.
SELECT create_distributed_table('orders', 'o_orderkey', shard_count => 16);
SELECT create_distributed_table('lineitem', 'l_orderkey', colocate_with => 'orders');
SELECT create_reference_table(t) FROM unnest('{region,nation,supplier,part,partsupp,customer}'::regclass[]) t;
