# Crashes between every pair of steps of a distributed commit: afterwards all
# nodes have the change or none has, and nothing stays prepared.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ShardliteCluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $cluster = ShardliteCluster->new(workers => 2, conf => "shardlite.recovery_interval = 1s\n");
my $coordinator = $cluster->coordinator;

$cluster->sql('CREATE TABLE account (k int PRIMARY KEY, v int)');
$cluster->sql("SELECT create_distributed_table('account', 'k')");
$cluster->sql('INSERT INTO account SELECT i, 0 FROM generate_series(1, 100) i');
my ($here, $there) = split /\|/, $cluster->sql(<<'EOT');
WITH place AS (
	SELECT k, node_id FROM generate_series(1, 100) k
	JOIN shardlite.shard s ON s.shard_id = get_shard_id_for_distribution_column('account', k))
SELECT (SELECT min(k) FROM place WHERE node_id = 2), (SELECT min(k) FROM place WHERE node_id = 3)
EOT

my $transfer = "BEGIN; UPDATE account SET v = v + 1 WHERE k = $here;"
  . " UPDATE account SET v = v + 1 WHERE k = $there;";
my $value = 0;

# Both rows, which must be equal; waits for a server that is coming up again.
sub values_now
{
	$coordinator->poll_query_until('postgres', 'SELECT true') or die 'coordinator is not back';
	ok($cluster->wait_until_resolved, 'nothing stays prepared');
	return $cluster->sql("SELECT string_agg(DISTINCT v::text, ' ') FROM account WHERE k IN ($here, $there)");
}

sub no_records_left
{
	return $coordinator->poll_query_until('postgres', 'SELECT count(*) = 0 FROM shardlite.dtx');
}

# The coordinator's backend dies, and with it the coordinator.
my @steps = (
	[ commit_before_prepare      => 0 ],
	[ commit_after_first_prepare => 0 ],
	[ commit_before_record       => 0 ],
	[ commit_after_record        => 0 ],
	[ commit_after_local         => 1 ],
	[ commit_after_first_resolve => 1 ],
	[ commit_after_resolve       => 1 ]);
foreach my $step (@steps)
{
	my ($point, $committed) = @$step;
	my ($code) = $cluster->try_sql("SET shardlite.fault_point = '$point:kill'; $transfer COMMIT");
	isnt($code, 0, "$point: the session has died");
	$value += $committed;
	is(values_now(), "$value", "$point: " . ($committed ? 'committed' : 'rolled back') . ' everywhere');
	ok(no_records_left(), "$point: the decision record is gone");
}

# The same for a statement that is its own transaction: it prepares with its
# last batch.
my $whole = 'UPDATE account SET v = v + 1';
foreach my $step (@steps)
{
	my ($point, $committed) = @$step;
	my ($code) = $cluster->try_sql("SET shardlite.fault_point = '$point:kill';\n$whole");
	isnt($code, 0, "$point, one statement: the session has died");
	$value += $committed;
	is(values_now(), "$value", "$point, one statement: " . ($committed ? 'committed' : 'rolled back'));
}

# An error at each step before the decision is an ordinary rollback.
foreach my $step (grep { !$_->[1] } @steps)
{
	my $point = $step->[0];
	my ($code, undef, $err) =
	  $cluster->try_sql("SET shardlite.fault_point = '$point:error'; $transfer COMMIT");
	isnt($code, 0, "$point: an error");
	like($err, qr/fault point "$point" reached/, "$point: and the right one");
	is(values_now(), "$value", "$point: rolled back everywhere");
}

my ($code) = $cluster->try_sql("SET shardlite.fault_point = 'abort_before_rollback:kill'; $transfer ROLLBACK");
isnt($code, 0, 'abort_before_rollback: the session has died');
is(values_now(), "$value", 'abort_before_rollback: rolled back everywhere');

($code) = $cluster->try_sql("SET shardlite.fault_point = 'commit_one_phase:kill';"
	  . " BEGIN; UPDATE account SET v = v + 1 WHERE k = $here; COMMIT");
isnt($code, 0, 'commit_one_phase: the session has died');
is(values_now(), "$value", 'commit_one_phase: rolled back');

# A power failure of the coordinator after the decision, while it is away for
# longer: what is prepared waits for it.
my $session = $coordinator->background_psql('postgres', on_error_stop => 0);
my $gate = $coordinator->background_psql('postgres');
$gate->query_safe('SELECT pg_advisory_lock(1)');
$session->query_until(qr/ready/, "SET shardlite.fault_point = 'commit_after_local:wait=1';\n"
	  . "$transfer\n\\echo ready\nCOMMIT;\n");
$coordinator->wait_for_log(qr/fault point "commit_after_local": waiting/);
$coordinator->stop('immediate');
is($cluster->worker(1)->safe_psql('postgres', 'SELECT count(*) FROM pg_prepared_xacts')
	  + $cluster->worker(2)->safe_psql('postgres', 'SELECT count(*) FROM pg_prepared_xacts'),
	2, 'both participants wait for the coordinator');
$coordinator->start;
$value++;
is(values_now(), "$value", 'they committed when it came back');
$session->{run}->kill_kill;
$gate->{run}->kill_kill;

# Recovery keeps off a commit whose backend is alive.
$session = $coordinator->background_psql('postgres', on_error_stop => 0);
$gate = $coordinator->background_psql('postgres');
$gate->query_safe('SELECT pg_advisory_lock(1)');
my $log = -s $coordinator->logfile;
$session->query_until(qr/ready/, "SET shardlite.fault_point = 'commit_before_record:wait=1';\n"
	  . "$transfer\n\\echo ready\nCOMMIT;\n");
$coordinator->wait_for_log(qr/fault point "commit_before_record": waiting/, $log);
is($cluster->sql('SELECT shardlite_recover()'), '0', 'recovery leaves a running commit alone');
is($cluster->prepared_count, 2, 'it is still prepared');

# A participant crashes after it has prepared and comes back before the end.
$cluster->worker(1)->stop('immediate');
$cluster->worker(1)->start;
$gate->query_safe('SELECT pg_advisory_unlock(1)');
$session->query_safe('SELECT 1');
$value++;
is(values_now(), "$value", 'a participant that crashed in between commits, too');

# A participant is away when the decision falls.
$log = -s $coordinator->logfile;
$gate->query_safe('SELECT pg_advisory_lock(1)');
$session->query_until(qr/again/, "$transfer\n\\echo again\nCOMMIT;\n");
$coordinator->wait_for_log(qr/fault point "commit_before_record": waiting/, $log);
$cluster->worker(2)->stop('immediate');
$gate->query_safe('SELECT pg_advisory_unlock(1)');
$session->query_safe('SELECT 1');
is($cluster->sql('SELECT count(*) > 0 FROM shardlite.dtx'), 't', 'its decision is remembered');
$cluster->worker(2)->start;
$value++;
is(values_now(), "$value", 'it commits when it comes back');
ok(no_records_left(), 'then the record is gone');
$session->quit;

# A participant crashes before it prepares.
$session = $coordinator->background_psql('postgres', on_error_stop => 0);
$log = -s $coordinator->logfile;
$gate->query_safe('SELECT pg_advisory_lock(1)');
$session->query_until(qr/ready/, "SET shardlite.fault_point = 'commit_before_prepare:wait=1';\n"
	  . "$transfer\n\\echo ready\nCOMMIT;\n");
$coordinator->wait_for_log(qr/fault point "commit_before_prepare": waiting/, $log);
$cluster->worker(2)->stop('immediate');
$gate->query_safe('SELECT pg_advisory_unlock(1)');
my $port = $cluster->worker(2)->port;
$session->query('SELECT 1');
like($session->{stderr}, qr/connection to node "127\.0\.0\.1:$port" was lost/, 'the error names the node');
$session->{stderr} = '';
$cluster->worker(2)->start;
is(values_now(), "$value", 'rolled back everywhere');
is($session->query_safe("SELECT v FROM account WHERE k = $there"), "$value", 'the session goes on');
$session->quit;
$gate->quit;

# Recovery itself fails half way.
$cluster->set_fault($coordinator, 'recovery_before_resolve:error@2');
($code) = $cluster->try_sql("SET shardlite.fault_point = 'commit_after_local:kill'; $transfer COMMIT");
$coordinator->poll_query_until('postgres', 'SELECT true');
$coordinator->wait_for_log(qr/fault point "recovery_before_resolve" reached/);
$cluster->set_fault($coordinator, '');
$value++;
is(values_now(), "$value", 'a second attempt does the rest');
$cluster->set_fault($coordinator, 'recovery_before_forget:error');
$cluster->try_sql("$transfer COMMIT");
$coordinator->wait_for_log(qr/fault point "recovery_before_forget" reached/);
$cluster->set_fault($coordinator, '');
$value++;
is(values_now(), "$value", 'a failure while forgetting harms nothing');
ok(no_records_left(), 'and the record goes in the end');

done_testing();
