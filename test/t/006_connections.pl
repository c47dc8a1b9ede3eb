# How many connections sessions have to the nodes, and when they are closed.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ShardliteCluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $cluster = ShardliteCluster->new(workers => 2);
my $coordinator = $cluster->coordinator;

$cluster->sql(<<'EOT');
CREATE TABLE item (k int PRIMARY KEY, v int);
SELECT create_distributed_table('item', 'k');
INSERT INTO item SELECT i, 0 FROM generate_series(1, 100) i;
EOT

sub sessions_of
{
	my ($pid) = @_;
	return "FROM pg_stat_activity WHERE application_name LIKE 'shardlite node % pid $pid'";
}

# Connections of one session to both workers.
sub connections
{
	my ($pid) = @_;
	my $sum = 0;
	$sum += $cluster->worker($_)->safe_psql('postgres', 'SELECT count(*) ' . sessions_of($pid)) foreach (1, 2);
	return $sum;
}

sub gone_soon
{
	my ($pid) = @_;
	return $cluster->worker(1)->poll_query_until('postgres', 'SELECT count(*) = 0 ' . sessions_of($pid))
	  && $cluster->worker(2)->poll_query_until('postgres', 'SELECT count(*) = 0 ' . sessions_of($pid));
}

# EXPLAIN says how many a statement used.
like($cluster->sql('EXPLAIN (ANALYZE) SELECT * FROM item'), qr/Connections Used: 2$/m, 'all shards: one per node');
like($cluster->sql('EXPLAIN (ANALYZE) SELECT * FROM item WHERE k = 1'), qr/Connections Used: 1$/m, 'one shard: one');

# An idle session lets its connections go.
my $session = $coordinator->background_psql('postgres', on_error_stop => 0);
my $pid = $session->query_safe('SELECT pg_backend_pid()');
$session->query_safe('SELECT count(*) FROM item');
is(connections($pid), 2, 'one connection to each node');
$session->query_safe("SET shardlite.idle_connection_timeout = '1s'");
ok(gone_soon($pid), 'closed when the session is idle');
is($session->query_safe('SELECT count(*) FROM item'), 100, 'and opened again');
$session->query('SELECT 1 / 0');
$session->{stderr} = '';
ok(gone_soon($pid), 'an error, which ends all timers, is no obstacle');

# A transaction keeps what it uses, however long it waits.
$session->query_safe('BEGIN; UPDATE item SET v = 1');
$session->query_safe('SELECT pg_sleep(2)');
is(connections($pid), 2, 'a transaction keeps its connections');
$session->query_safe('COMMIT');
is($session->query_safe('SELECT sum(v) FROM item'), 100, 'and commits');
ok(gone_soon($pid), 'then they go');
$session->query_safe("SET shardlite.idle_connection_timeout = 0; SELECT count(*) FROM item");
$session->query_safe('SELECT pg_sleep(2)');
is(connections($pid), 2, '0 keeps them');
$session->quit;
ok(gone_soon($pid), 'until the session ends');

done_testing();
