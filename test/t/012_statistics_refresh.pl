# What autovacuum does with shards reaches the tables on every node by itself.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ShardliteCluster;
use Test::More;

my $cluster = ShardliteCluster->new(workers => 2, conf => <<'EOT');
autovacuum = on
autovacuum_naptime = 1s
autovacuum_vacuum_cost_delay = 0
shardlite.statistics_interval = 1s
EOT
$cluster->sql(<<'EOT');
CREATE TABLE t (k int, v text);
CREATE TABLE untouched (k int);
CREATE TABLE p (k int, v int) PARTITION BY RANGE (v);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
SELECT create_distributed_table('t', 'k', shard_count => 4), create_distributed_table('untouched', 'k'),
	create_distributed_table('p', 'k');
EOT

# Wait until every node says so.
sub everywhere
{
	my ($query, $name) = @_;
	ok($_->poll_query_until('postgres', $query), "$name: " . $_->name) foreach $cluster->nodes;
	return;
}

$cluster->sql("INSERT INTO t SELECT i, 'v' || i % 10 FROM generate_series(1, 10000) i");
$cluster->sql('INSERT INTO p SELECT i, i % 10 FROM generate_series(1, 10000) i');
everywhere("SELECT reltuples = 10000 FROM pg_class WHERE relname = 't'", 'size');
everywhere("SELECT n_distinct = 10 AND array_length(most_common_vals, 1) = 10 FROM pg_stats WHERE tablename = 't' AND attname = 'v'", 'statistics');
everywhere("SELECT n_distinct = 10 FROM pg_stats WHERE tablename = 'p' AND attname = 'v' AND inherited", 'statistics of a partitioned table');
everywhere("SELECT reltuples = 10000 FROM pg_class WHERE relname = 'p'", 'size of a partitioned table');
$cluster->sql("UPDATE t SET v = 'same'");
everywhere("SELECT n_distinct = 1 FROM pg_stats WHERE tablename = 't' AND attname = 'v'", 'statistics after changes');
is($cluster->sql("SELECT reltuples, relpages FROM pg_class WHERE relname = 'untouched'"), '-1|0', 'an empty table is not known');

# Nothing more to do, and a lock is not waited for.
$cluster->sql('ALTER SYSTEM SET shardlite.statistics_interval = 0; SELECT pg_reload_conf()');
$cluster->coordinator->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'shardlite statistics')");
$cluster->sql('ANALYZE');
is($cluster->sql('SELECT shardlite_internal.refresh_statistics()'), '0', 'nothing to refresh');
$cluster->sql('ALTER TABLE t SET (autovacuum_enabled = off)');
$cluster->sql('DELETE FROM t WHERE k > 5000; VACUUM t');
$cluster->sql("UPDATE pg_class SET reltuples = 10 WHERE relname = 't'");
my $holder = $cluster->coordinator->background_psql('postgres');
$holder->query_safe('BEGIN; LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE');
$cluster->sql('SELECT shardlite_internal.refresh_statistics()');
is($cluster->sql("SELECT reltuples FROM pg_class WHERE relname = 't'"), '10', 'a locked table is left alone');
$holder->query_safe('COMMIT');
$holder->quit;
is($cluster->sql('SELECT shardlite_internal.refresh_statistics()'), '1', 'it is refreshed later');
everywhere("SELECT reltuples = 5000 FROM pg_class WHERE relname = 't'", 'smaller');

# A node that is down does not break more than the round.
$cluster->sql('ALTER SYSTEM RESET shardlite.statistics_interval; SELECT pg_reload_conf()');
$cluster->worker(2)->stop('immediate');
sleep 3;
is($cluster->sql('SELECT 1'), '1', 'the coordinator lives on');
$cluster->worker(2)->start;
$cluster->sql("UPDATE pg_class SET reltuples = 10 WHERE relname = 't'");
everywhere("SELECT reltuples = 5000 FROM pg_class WHERE relname = 't'", 'and when it is back');
done_testing();
