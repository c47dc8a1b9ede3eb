# Long SELECTs read the shards of a node through several connections: never more
# than allowed, and whatever becomes of the further ones is no error, except
# that work which was under way on one that dies is lost with it.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ShardliteCluster;
use PostgreSQL::Test::Utils;
use Time::HiRes qw(time);
use Test::More;

# autovacuum and recovery would count among a node's processes
my $cluster = ShardliteCluster->new(workers => 2, conf => <<'EOT');
autovacuum = off
shardlite.recovery_interval = 1h
shardlite.parallel_min_cost = 0
shardlite.parallel_delay = 1
shardlite.max_connections_per_node = 8
EOT
my $coordinator = $cluster->coordinator;

# 32 shards of 10 rows: 16 per node, each of them at least 0.1 s
$cluster->sql(<<'EOT');
CREATE TABLE item (k int PRIMARY KEY, v int);
SELECT create_distributed_table('item', 'k', shard_count := 32);
INSERT INTO item SELECT i, i FROM generate_series(1, 320) i;
CREATE FUNCTION nap(v int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
	$$ BEGIN PERFORM pg_sleep(0.01); RETURN v; END $$;
EOT
my $long = 'SELECT sum(nap(v)) FROM item';
my $sum = 320 * 321 / 2;

sub on_worker
{
	my ($worker, $what, $condition) = @_;
	return $cluster->worker($worker)->safe_psql('postgres',
		"SELECT $what FROM pg_stat_activity WHERE application_name LIKE 'shardlite node%' $condition");
}

sub poll_worker
{
	my ($worker, $what, $condition) = @_;
	return $cluster->worker($worker)->poll_query_until('postgres',
		"SELECT $what FROM pg_stat_activity WHERE application_name LIKE 'shardlite node%' $condition");
}

sub new_session { return $coordinator->background_psql('postgres', on_error_stop => 0); }

# Start a statement and do not wait for it.
sub start
{
	my ($session, $statement) = @_;
	$session->query_until(qr/^$/, "$statement;\n\\echo done\n");
	return;
}

# The rest of its output, up to "done", and what it complained about.
sub finish
{
	my ($session) = @_;
	$session->{run}->pump until $session->{stdout} =~ /^done$/m;
	my ($out, $err) = ($session->{stdout}, $session->{stderr});
	$session->{stdout} = $session->{stderr} = '';
	$out =~ s/\s*done\s*\z//;
	return ($out, $err);
}

sub extra { return $_[0]->query_safe('SELECT extra_connections FROM shardlite_counters()'); }

# One session, with and without.
my $session = new_session();
my $start = time;
is($session->query_safe("SET shardlite.max_connections_per_node_per_session = 1; $long"), $sum, 'one connection per node');
my $serial = time - $start;
$session->query_safe('SET shardlite.max_connections_per_node_per_session = 4');
$start = time;
is($session->query_safe($long), $sum, 'several');
my $parallel = time - $start;
is(extra($session), 6, 'three more per node');
is(on_worker(1, 'count(*)', ''), 4, 'which the node sees');
$start = time;
is($session->query_safe($long), $sum, 'they are used again');
$parallel = time - $start if time - $start < $parallel;
cmp_ok($parallel, '<', $serial * 0.7, 'they are faster');
is(extra($session), 6, 'and none is opened');
$session->query_safe("SET shardlite.idle_connection_timeout = '1s'");
ok(poll_worker(1, 'count(*) = 0', ''), 'closed when idle');
$session->query_safe("SET shardlite.idle_connection_timeout = '10min'");

# Many sessions: the limit of the server holds at every moment.
my @sessions = map { new_session() } (1 .. 6);
$_->query_safe('SET shardlite.max_connections_per_node_per_session = 1; SELECT count(*) FROM item;
	RESET shardlite.max_connections_per_node_per_session') foreach @sessions;
ok(poll_worker(1, 'count(*) = 6', ''), 'each has its first connection');
start($_, $long) foreach @sessions;
my $most = 0;
$start = time;
while (time - $start < ($most < 8 ? 20 : 0.6))
{
	my $now = on_worker(1, 'count(*)', '');
	$most = $now if $now > $most;
	select(undef, undef, undef, 0.02);
}
is($most, 8, 'as many as allowed');
is_deeply([ map { (finish($_))[0] } @sessions ], [ ($sum) x 6 ], 'all got their result');
ok(poll_worker(1, 'count(*) = 6', ''), 'connections that others may need are closed at once');

# A session that is ended gives its part back, one that crashes, too.
$_->quit foreach @sessions;
ok(poll_worker(1, 'count(*) = 0', ''), 'all gone');
$coordinator->append_conf('postgresql.conf', 'shardlite.max_connections_per_node = 4');
$coordinator->reload;
foreach my $signal ('pg_terminate_backend', 'KILL9')
{
	my $victim = new_session();
	my $pid = $victim->query_safe('SELECT pg_backend_pid()');
	start($victim, $long);
	ok(poll_worker(1, 'count(*) = 4', ''), 'a session uses all that there are');
	if ($signal eq 'KILL9')
	{
		kill 'KILL', $pid;
		$cluster->wait_for_coordinator;
		# recovery, too, has connections for a moment
		$cluster->sql('SELECT shardlite_recover()');
	}
	else
	{
		$cluster->sql("SELECT pg_terminate_backend($pid, 5000)");
	}
	ok(poll_worker(1, 'count(*) = 0', ''), "after $signal its connections are gone");
	eval { $victim->quit };
	my $next = new_session();
	is($next->query_safe($long), $sum, 'the next one');
	is(extra($next), 6, 'gets as many');
	$next->quit;
}
eval { $session->quit };
$session = new_session();

# None is allowed.
$coordinator->append_conf('postgresql.conf', 'shardlite.max_connections_per_node = 0');
$coordinator->reload;
is($session->query_safe($long), $sum, 'not one more');
is(extra($session), 0, 'is opened');
$coordinator->append_conf('postgresql.conf', 'shardlite.max_connections_per_node = 8');
$coordinator->reload;

# A node that takes no more connections, or does not answer to new ones.
my $worker = $cluster->worker(1);
my $hba = slurp_file($worker->data_dir . '/pg_hba.conf');
unlink $worker->data_dir . '/pg_hba.conf';
$worker->append_conf('pg_hba.conf', "local all all trust\nhost all all 127.0.0.1/32 reject\n");
$worker->reload;
my $tcp = 'host=127.0.0.1 port=' . $worker->port . ' dbname=postgres user=postgres';
foreach (1 .. 100)
{
	last if system_log('psql', '-XAtc', 'SELECT 1', '-d', $tcp) != 0;
	select(undef, undef, undef, 0.1);
}
is($session->query_safe($long), $sum, 'a node that refuses is used through the first connection');
is(on_worker(1, 'count(*)', ''), 1, 'alone');
unlink $worker->data_dir . '/pg_hba.conf';
$worker->append_conf('pg_hba.conf', $hba);
$worker->reload;
$session->query_safe('SELECT pg_sleep(0.2)');
my $postmaster = slurp_file($worker->data_dir . '/postmaster.pid');
$postmaster =~ s/\n.*//s;
kill 'STOP', $postmaster;
is($session->query_safe($long), $sum, 'so is one that does not answer');
kill 'CONT', $postmaster;
is($session->query_safe($long), $sum, 'afterwards, too');

# Cancel, timeout and an error stop all of them.
foreach my $how ('cancel', 'timeout', 'error')
{
	my $statement = $how eq 'error' ? 'SELECT sum(nap(v) / (v - 300)) FROM item' : $long;
	my $pid = $session->query_safe('SELECT pg_backend_pid()');
	$session->query_safe("SET statement_timeout = '250ms'") if $how eq 'timeout';
	start($session, $statement);
	if ($how eq 'cancel')
	{
		ok(poll_worker(2, 'count(*) > 2', "AND state = 'active'"), 'several at work');
		$cluster->sql("SELECT pg_cancel_backend($pid)");
	}
	my (undef, $err) = finish($session);
	like($err, qr/canceling statement due to|division by zero/, "$how is reported");
	ok(poll_worker($_, 'count(*) = 0', "AND state = 'active'"), "$how: nothing is left running on node $_") foreach (1, 2);
	$session->query_safe('RESET statement_timeout');
	is($session->query_safe($long), $sum, "after $how all is well");
}

# One that dies in the middle: an error as for the first connection.
start($session, $long);
ok(poll_worker(1, 'count(*) = 4', "AND state = 'active'"), 'all at work');
on_worker(1, 'pg_terminate_backend(pid, 5000)', 'ORDER BY backend_start DESC LIMIT 1');
my ($out, $err) = finish($session);
like($err, qr/connection to node "127\.0\.0\.1:\d+" was lost/, 'the error says what happened');
is($session->query_safe($long), $sum, 'and the next statement does without');

# One that dies while it is idle is not missed.
on_worker(1, 'pg_terminate_backend(pid, 5000)', 'ORDER BY backend_start DESC LIMIT 2');
is($session->query_safe($long), $sum, 'idle ones may die');

# In a block: what was written is seen, the reader waits for nobody of its own.
is($session->query_safe("BEGIN; $long"), $sum, 'in a block');
is($session->query_safe("UPDATE item SET v = v + 1; $long"), $sum + 320, 'own changes are seen');
is($session->query_safe("ROLLBACK; $long"), $sum, 'and gone');
$session->quit;

done_testing();
