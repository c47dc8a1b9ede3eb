# Crashes while a table with rows becomes distributed: afterwards it is a local
# table with all its rows or a distributed one with all its rows, no node has a
# piece too many, and it can be distributed.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ShardliteCluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $cluster = ShardliteCluster->new(workers => 2, conf => "shardlite.recovery_interval = 1s\n");
my $coordinator = $cluster->coordinator;
my $make = "SELECT create_distributed_table('crashed', 'k', shard_count := 4)";

# The rows of the table, and what each node has of it: "shard tables, shells, metadata".
sub state_now
{
	$coordinator->poll_query_until('postgres', 'SELECT true') or die 'coordinator is not back';
	ok($cluster->wait_until_resolved, 'nothing stays prepared');
	my @found = ($cluster->sql('SELECT count(*), sum(v) FROM crashed'));
	foreach my $node ($cluster->nodes)
	{
		push @found, $node->safe_psql('postgres', <<'EOT');
SELECT (SELECT count(*) FROM pg_class WHERE relnamespace = 'shardlite_shards'::regnamespace AND relkind = 'r'),
	(SELECT count(*) FROM pg_class WHERE relname = 'crashed'),
	(SELECT count(*) FROM shardlite.distributed_table)
EOT
	}
	return join(' ', @found);
}

my $local = '1000|500500 0|1|0 0|0|0 0|0|0';
my $distributed = '1000|500500 0|1|1 2|1|1 2|1|1';

sub fresh_table
{
	$cluster->sql('DROP TABLE IF EXISTS crashed');
	$cluster->sql('CREATE TABLE crashed (k int PRIMARY KEY, v int)');
	$cluster->sql('INSERT INTO crashed SELECT i, i FROM generate_series(1, 1000) i');
	is(state_now(), $local, 'a local table');
}

my @steps = qw(distribute_before_metadata distribute_before_rows distribute_after_rows distribute_before_end);

# The coordinator's backend dies, and with it the coordinator.
fresh_table();
foreach my $point (@steps, qw(commit_before_prepare commit_after_first_prepare commit_before_record commit_after_record))
{
	my ($code) = $cluster->try_sql("SET shardlite.fault_point = '$point:kill';\n$make");
	isnt($code, 0, "$point: the session has died");
	is(state_now(), $local, "$point: the table is as it was");
}
foreach my $point (qw(commit_after_local commit_after_first_resolve commit_after_resolve))
{
	my ($code) = $cluster->try_sql("SET shardlite.fault_point = '$point:kill';\n$make");
	isnt($code, 0, "$point: the session has died");
	is(state_now(), $distributed, "$point: the table is distributed");
	fresh_table();
}

# A worker is killed at the same places.
foreach my $point (@steps, "commit_before_prepare")
{
	my $worker = $cluster->worker(2);
	my $gate = $coordinator->background_psql('postgres');
	my $session = $coordinator->background_psql('postgres', on_error_stop => 0);
	my $log = -s $coordinator->logfile;
	$gate->query_safe('SELECT pg_advisory_lock(14)');
	$session->query_until(qr/ready/, "SET shardlite.fault_point = '$point:wait=14';\n\\echo ready\n$make;\n");
	$coordinator->wait_for_log(qr/fault point "$point": waiting/, $log);
	$worker->stop('immediate');
	$gate->quit;
	$session->query('SELECT 1');
	like($session->{stderr}, qr/ERROR/, "$point, worker killed: an error");
	$session->quit;
	$worker->start;
	is(state_now(), $local, "$point, worker killed: the table is as it was");
}
$cluster->sql($make);
is(state_now(), $distributed, 'and can be distributed');

done_testing();
