SELECT create_distributed_table('kv', 'key');
SELECT create_distributed_table('history', 'key', colocate_with => 'kv');
SELECT create_distributed_table('branches', 'tid');
SELECT create_distributed_table(t, 'tid', colocate_with => 'branches') FROM unnest('{tellers,accounts,payments}'::regclass[]) t;
SELECT create_distributed_function('pay(int,int,int,int)', 'tenant', 'branches');
