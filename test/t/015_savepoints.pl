# A statement in a subtransaction fails on one node while another is still at
# it, or has not even set the savepoint: what outer levels did there stays.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ShardliteCluster;
use PostgreSQL::Test::Utils;
use Time::HiRes qw(time);
use Test::More;

my $cluster = ShardliteCluster->new(workers => 2);

$cluster->sql('CREATE TABLE item (k int PRIMARY KEY, v int)');
$cluster->sql("SELECT create_distributed_table('item', 'k')");
$cluster->sql('INSERT INTO item SELECT i, 0 FROM generate_series(1, 100) i');
my ($one, $two) = split /\|/, $cluster->sql(<<'EOT');
WITH place AS (
	SELECT k, node_id FROM generate_series(1, 100) k
	JOIN shardlite.shard s ON s.shard_id = get_shard_id_for_distribution_column('item', k))
SELECT (SELECT min(k) FROM place WHERE node_id = 2), (SELECT min(k) FROM place WHERE node_id = 3)
EOT

# Fails at once on the second worker, and nowhere else.
my $failing = "sum(100 / (k - $two)) FROM item";
my $session;

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

# What the last transaction has left; then all is as it was.
sub changed
{
	my ($out) = run("SELECT k, v FROM item WHERE v <> 0 ORDER BY v");
	run('UPDATE item SET v = 0');
	return $out;
}

# The first worker takes its time over setting a savepoint.
$cluster->set_fault($cluster->worker(1), 'savepoint_in_command:pause=400');
$session = $cluster->coordinator->background_psql('postgres', on_error_stop => 0);

my ($out, $err, $seconds) = run("BEGIN; UPDATE item SET v = 1 WHERE k = $one; SAVEPOINT a; SELECT $failing");
like($err, qr/division by zero/, 'an error before the savepoint is set elsewhere');
($out, $err) = run("ROLLBACK TO a; SELECT v FROM item WHERE k = $one");
is("$out$err", '1', 'the transaction goes on there');
($out, $err) = run('COMMIT');
is($err, '', 'and commits');
is(changed(), "$one|1", 'what was done before the savepoint');

run("BEGIN; UPDATE item SET v = 1 WHERE k = $one; SAVEPOINT a; UPDATE item SET v = v + 1 WHERE k = $one; SAVEPOINT b; SAVEPOINT c; SELECT $failing");
($out, $err) = run("ROLLBACK TO b; UPDATE item SET v = v + 10 WHERE k = $one; RELEASE a; COMMIT");
is($err, '', 'savepoints in savepoints');
is(changed(), "$one|12", 'the outer ones keep their work');

($out, $err) = run(<<"EOT");
DO \$\$ BEGIN
	UPDATE item SET v = 1 WHERE k = $one;
	FOR i IN 1 .. 3 LOOP
		BEGIN
			PERFORM $failing;
		EXCEPTION WHEN division_by_zero THEN
			UPDATE item SET v = v + 1 WHERE k IN ($one, $two);
		END;
	END LOOP;
END \$\$
EOT
is($err, '', 'exceptions handled in a loop');
is(changed(), "$two|3\n$one|4", 'with all that the handlers did');

run("BEGIN; UPDATE item SET v = 1 WHERE k = $one; SAVEPOINT a; SET LOCAL statement_timeout = '150ms'");
($out, $err) = run("UPDATE item SET v = 2 WHERE k = $one");
like($err, qr/canceling statement due to statement timeout/, 'a timeout before the savepoint is set');
($out, $err) = run('ROLLBACK TO a; COMMIT');
is($err, '', 'does not end the transaction');
is(changed(), "$one|1", 'what was done before the savepoint');

# The first worker has set it, but the statement waits: it is not waited for.
$session->quit;
$cluster->set_fault($cluster->worker(1), '');
$session = $cluster->coordinator->background_psql('postgres', on_error_stop => 0);
my $shard = $cluster->sql("SELECT 'shardlite_shards.' || t.shard_prefix || '_' || max(s.shard_id)"
	  . " FROM shardlite.distributed_table t JOIN shardlite.shard s USING (colocation_id) WHERE relid = 'item'::regclass"
	  . " AND node_id = 2 AND shard_id <> get_shard_id_for_distribution_column('item', $one) GROUP BY t.shard_prefix");
my $holder = $cluster->worker(1)->background_psql('postgres');
$holder->query_safe("BEGIN; LOCK TABLE $shard");
run("SET shardlite.cancel_timeout = '20s'; BEGIN; UPDATE item SET v = 1 WHERE k = $one; SAVEPOINT a");
($out, $err, $seconds) = run("SELECT $failing");
like($err, qr/division by zero/, 'an error while another node waits');
cmp_ok($seconds, '<', 5, 'is reported at once');
($out, $err) = run('ROLLBACK TO a; COMMIT');
is($err, '', 'and the transaction commits');
$holder->query_safe('ROLLBACK');
is(changed(), "$one|1", 'what was done before the savepoint');

# A node that does not come to set it within the time: its work is lost, and that is said.
run("SET shardlite.cancel_timeout = '600ms'; BEGIN; UPDATE item SET v = 1 WHERE k = $one; SAVEPOINT a");
my @backends = split /\n/, $cluster->worker(1)->safe_psql('postgres',
	"SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'shardlite node%' AND state = 'idle in transaction'");
kill 'STOP', @backends;
($out, $err, $seconds) = run("SELECT $failing");
like($err, qr/division by zero/, 'an error while another node hangs');
cmp_ok($seconds, '<', 5, 'is not held up for long');
kill 'CONT', @backends;
run('ROLLBACK TO a');
($out, $err) = run('COMMIT');
like($err, qr/connection to node \d+ was lost in this transaction/, 'no commit without what was done there');
is(changed(), '', 'nothing of it is there');

$holder->quit;
$session->quit;

# A fault point on the first worker, and a session that has no connections yet.
sub new_session
{
	my ($fault) = @_;
	$cluster->set_fault($cluster->worker(1), $fault);
	$cluster->worker(1)->poll_query_until('postgres', "SELECT current_setting('shardlite.fault_point') = '$fault'");
	$session = $cluster->coordinator->background_psql('postgres', on_error_stop => 0);
	return;
}

# All is read, and nothing is said.
sub all_there
{
	my ($what) = @_;
	my ($rows, $error) = run('SELECT count(*), sum(v) FROM item');
	is("$rows$error", '100|0', $what);
	return;
}

# Nobody waits for the end of a block; a cancel that is meant for something else may not
# hit it.  The session there would stay in the transaction, and later statements would
# fail with that cancel.
my $fail = "UPDATE item SET v = 1; RAISE 'back'";
my $catch = 'EXCEPTION WHEN OTHERS THEN NULL';
for my $case (
	[ "DO \$\$ BEGIN $fail; $catch; END \$\$", 'a block that is taken back in a statement' ],
	[ "DO \$\$ BEGIN BEGIN $fail; END; $catch; END \$\$", 'and an outer one at once' ],
	[ 'BEGIN; SAVEPOINT a; UPDATE item SET v = 1; ROLLBACK TO a; ROLLBACK', 'or the transaction' ],
	[ 'BEGIN; TABLE item; COMMIT; TABLE item LIMIT 1', 'a block before a statement of which not all is read' ])
{
	new_session('block_before_end:pause=400');
	run($case->[0]);
	all_there($case->[1]);
	$session->quit;
}

# What does not stop in time there is not used again: the cancel may hit later.
new_session('');
$holder = $cluster->worker(1)->background_psql('postgres');
$holder->query_safe("BEGIN; LOCK TABLE $shard");
run("SET shardlite.cancel_timeout = '300ms'; BEGIN; DECLARE c CURSOR FOR TABLE item; FETCH 1 FROM c");
my $waiting = "FROM pg_stat_activity WHERE application_name LIKE 'shardlite node%' AND wait_event_type = 'Lock'";
@backends = split /\n/, $cluster->worker(1)->safe_psql('postgres', "SELECT pid $waiting");
is(scalar(@backends), 1, 'a node waits with what nobody reads');
kill 'STOP', @backends;
run('CLOSE c');
kill 'CONT', @backends;
$cluster->worker(1)->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT $waiting)");
$holder->quit;
all_there('the transaction goes on');
is((run('UPDATE item SET v = 1; COMMIT'))[1], '', 'and commits');
is(changed() =~ tr/\n//, 99, 'all that it did');
$session->quit;
done_testing();
