# Nodes that are down, do not answer, die in mid-statement; cancel and
# statement_timeout.  An error that names the node within the time limit, a
# session that goes on, nothing half committed, nothing left running.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ShardliteCluster;
use PostgreSQL::Test::Utils;
use Time::HiRes qw(time);
use Test::More;

my $cluster = ShardliteCluster->new(workers => 2);
my $coordinator = $cluster->coordinator;
my @address = map { '127.0.0.1:' . $cluster->worker($_)->port } (1, 2);

$cluster->sql('CREATE TABLE item (k int PRIMARY KEY, v int)');
$cluster->sql("SELECT create_distributed_table('item', 'k')");
$cluster->sql('INSERT INTO item SELECT i, 0 FROM generate_series(1, 100) i');
my ($one, $two) = split /\|/, $cluster->sql(<<'EOT');
WITH place AS (
	SELECT k, node_id FROM generate_series(1, 100) k
	JOIN shardlite.shard s ON s.shard_id = get_shard_id_for_distribution_column('item', k))
SELECT (SELECT min(k) FROM place WHERE node_id = 2), (SELECT min(k) FROM place WHERE node_id = 3)
EOT

my $session = $coordinator->background_psql('postgres', on_error_stop => 0);

# Run in the session; returns (stdout, stderr, seconds).
sub run
{
	my ($statement) = @_;
	my $start = time;
	$session->{stderr} = '';
	my $out = $session->query($statement);
	my $err = $session->{stderr};
	$session->{stderr} = '';
	return ($out, $err, time - $start);
}

sub idle_soon
{
	my ($worker) = @_;
	return $cluster->worker($worker)->poll_query_until('postgres',
		"SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name LIKE 'shardlite node%' AND state = 'active'");
}

my ($out, $err, $seconds) = run('SELECT count(*) FROM item');
is($out, '100', 'all rows');

# A node that is down.
$cluster->worker(2)->stop('immediate');
($out, $err, $seconds) = run('SELECT count(*) FROM item');
like($err, qr/(connection to|could not connect to) node "\Q$address[1]\E"/, 'a dead node is named');
cmp_ok($seconds, '<', 5, 'quickly');
($out, $err) = run("SELECT count(*) FROM item WHERE k = $one");
is($out, '1', 'the other node still answers');
($out, $err) = run("UPDATE item SET v = v + 1");
like($err, qr/node "\Q$address[1]\E"/, 'a write on both fails');
$cluster->worker(2)->start;
($out, $err) = run('SELECT count(*), sum(v) FROM item');
is($out, '100|0', 'after its restart it is used again, and nothing was half written');

# Lost within a savepoint: what it did is rolled back anyway, and the rest commits.
sub lose
{
	$cluster->worker(2)->safe_psql('postgres',
		"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name LIKE 'shardlite node%'");
	return;
}
run("BEGIN; UPDATE item SET v = 1 WHERE k = $one; SAVEPOINT a; UPDATE item SET v = 2 WHERE k = $two");
lose();
($out, $err) = run("SELECT v FROM item WHERE k = $two");
like($err, qr/connection to node "\Q$address[1]\E" was lost/, 'lost in the savepoint that began there');
($out, $err) = run('ROLLBACK TO a; COMMIT');
is($err, '', 'the rest commits');
run("BEGIN; UPDATE item SET v = v + 1 WHERE k = $one; SAVEPOINT a; UPDATE item SET v = 2 WHERE k = $two; SAVEPOINT b; SELECT v FROM item WHERE k = $two");
lose();
run("SELECT v FROM item WHERE k = $two");
run('ROLLBACK TO b');
($out, $err) = run("SELECT v FROM item WHERE k = $two");
isnt($err, '', 'work of the outer savepoint is lost, too');
($out, $err) = run("ROLLBACK TO a; UPDATE item SET v = v + 1 WHERE k = $two; COMMIT");
is($err, '', 'which can be rolled back as well');
run("BEGIN; UPDATE item SET v = v + 1 WHERE k IN ($one, $two); SAVEPOINT a; SELECT v FROM item WHERE k = $two");
lose();
run("SELECT v FROM item WHERE k = $two");
($out, $err) = run('ROLLBACK TO a; COMMIT');
isnt($err, '', 'lost work of the transaction itself cannot be committed');
($out, $err) = run("SELECT k, v FROM item WHERE v <> 0 ORDER BY k = $one DESC");
is($out, "$one|2\n$two|1", 'all or nothing');
run("UPDATE item SET v = 0");

# A transaction loses the node that it has written on.
($out, $err) = run("BEGIN; UPDATE item SET v = 7 WHERE k = $one; UPDATE item SET v = 7 WHERE k = $two;");
$cluster->worker(2)->stop('immediate');
$cluster->worker(2)->start;
($out, $err) = run('COMMIT');
like($err, qr/connection to node "\Q$address[1]\E" was lost/, 'commit without the lost work is an error');
($out, $err) = run('SELECT sum(v) FROM item');
is($out, '0', 'nothing of it is there');

# Its backend there is killed instead; the savepoint does not save what is gone.
($out, $err) = run("BEGIN; UPDATE item SET v = 7 WHERE k = $one; SAVEPOINT s;");
$cluster->worker(1)->safe_psql('postgres',
	"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'shardlite node%' AND state = 'idle in transaction'");
($out, $err) = run("UPDATE item SET v = 8 WHERE k = $one;");
like($err, qr/connection to node "\Q$address[0]\E" was lost/, 'the next statement says what has happened');
($out, $err) = run('ROLLBACK TO s');
($out, $err) = run("SELECT v FROM item WHERE k = $one");
like($err, qr/connection to node \d+ was lost in this transaction/, 'an outer level cannot go on without it');
($out, $err) = run('COMMIT');
($out, $err) = run('SELECT sum(v) FROM item');
is($out, '0', 'nothing of it is there');

# Cancel and timeouts reach a node that waits for a lock.
my $holder = $cluster->worker(1)->background_psql('postgres');
my $shard = $cluster->sql("SELECT 'shardlite_shards.' || t.shard_prefix || '_' || get_shard_id_for_distribution_column('item', $one)"
	  . " FROM shardlite.distributed_table t WHERE relid = 'item'::regclass");
$holder->query_safe("BEGIN; SELECT * FROM $shard WHERE k = $one FOR UPDATE");
foreach my $statement ("UPDATE item SET v = 1 WHERE k = $one", 'UPDATE item SET v = 1')
{
	($out, $err, $seconds) = run("SET statement_timeout = '500ms'; $statement");
	like($err, qr/canceling statement due to statement timeout/, "statement_timeout: $statement");
	cmp_ok($seconds, '<', 4, 'in time');
	ok(idle_soon(1), 'and stops the node');

	run('RESET statement_timeout');
	my $pid = $session->query_safe('SELECT pg_backend_pid()');
	$session->query_until(qr/started/, "\\echo started\n$statement;\n");
	$cluster->worker(1)->poll_query_until('postgres',
		"SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name LIKE 'shardlite node%' AND wait_event_type = 'Lock'");
	$cluster->sql("SELECT pg_cancel_backend($pid)");
	($out, $err) = run('SELECT 1');
	like($err, qr/canceling statement due to user request/, "cancel: $statement");
	ok(idle_soon(1), 'and stops the node');
}

# The node dies while an autocommitted write waits there.
$session->query_until(qr/started/, "\\echo started\nUPDATE item SET v = 1 WHERE k = $one;\n");
$cluster->worker(1)->poll_query_until('postgres',
	"SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name LIKE 'shardlite node%' AND wait_event_type = 'Lock'");
$cluster->worker(1)->stop('immediate');
($out, $err) = run('SELECT 1');
like($err, qr/connection to node "\Q$address[0]\E" was lost/, 'death in mid-statement is reported');
$holder->{run}->kill_kill;
$cluster->worker(1)->start;
($out, $err) = run('SELECT sum(v) FROM item');
is($out, '0', 'nothing was written');

# A node that hangs: connecting takes as long as shardlite.node_connection_timeout.
run('SELECT count(*) FROM item');
my $postmaster = $cluster->worker(2)->safe_psql('postgres',
	"SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)");
my @backends = split /\n/, $cluster->worker(2)->safe_psql('postgres',
	"SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'shardlite node%'");
kill 'STOP', $postmaster, @backends;
(undef, $out, $err) = $cluster->try_sql(
	"SET shardlite.node_connection_timeout = '700ms'; SELECT count(*) FROM item");
like($err, qr/could not connect to node "\Q$address[1]\E"/, 'a node that does not answer is named');
like($err, qr/did not answer within 700 ms/, 'with the time limit');
($out, $err, $seconds) = run("SET statement_timeout = '500ms'; SET shardlite.cancel_timeout = '1s'; SELECT count(*) FROM item");
like($err, qr/canceling statement due to statement timeout/, 'a session that was connected already can be interrupted');
cmp_ok($seconds, '<', 6, 'in time');
kill 'CONT', @backends, $postmaster;
($out, $err) = run('RESET statement_timeout; SELECT count(*) FROM item');
is($out, '100', 'and it works again when the node does');

# The coordinator's backend dies: its work on the nodes goes with it.
my $other = $coordinator->background_psql('postgres', on_error_stop => 0);
my $pid = $other->query_safe('SELECT pg_backend_pid()');
$other->query_safe("BEGIN; UPDATE item SET v = 9 WHERE k = $one; UPDATE item SET v = 9 WHERE k = $two");
$cluster->sql("SELECT pg_terminate_backend($pid)");
foreach my $worker (1, 2)
{
	ok( $cluster->worker($worker)->poll_query_until('postgres',
			"SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name LIKE 'shardlite node%pid $pid'"),
		"node $worker has let go of it");
}
$other->{run}->kill_kill;
($out, $err) = run('SELECT sum(v) FROM item');
is($out, '0', 'rolled back');

$session->quit;
done_testing();
