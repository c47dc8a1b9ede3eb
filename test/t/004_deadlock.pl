# Deadlocks over several nodes: one session gets PostgreSQL's own error, the
# others go on, within twice deadlock_timeout; and waits that are none stay.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ShardliteCluster;
use PostgreSQL::Test::Utils;
use Time::HiRes qw(time);
use Test::More;

my $cluster = ShardliteCluster->new(workers => 2, conf => <<'EOT');
deadlock_timeout = 1s
shardlite.recovery_interval = 1s
EOT
my @nodes = $cluster->nodes;

$cluster->sql(<<'EOT');
CREATE TABLE account (k int PRIMARY KEY, v int NOT NULL DEFAULT 0);
SELECT create_distributed_table('account', 'k');
INSERT INTO account SELECT i FROM generate_series(1, 100) i;
CREATE TABLE entry (k int, note text);
SELECT create_distributed_table('entry', 'k', colocate_with => 'account');
ALTER TABLE entry ADD FOREIGN KEY (k) REFERENCES account DEFERRABLE INITIALLY DEFERRED;
CREATE TABLE rate (id int PRIMARY KEY, v int NOT NULL DEFAULT 0);
INSERT INTO rate VALUES (1);
SELECT create_reference_table('rate');
CREATE ROLE stranger;
CREATE TABLE plain (id int PRIMARY KEY, v int);
INSERT INTO plain VALUES (1, 0);
EOT
my @keys = split /\|/, $cluster->sql(<<'EOT');
WITH place AS (
	SELECT k, node_id, row_number() OVER (PARTITION BY node_id ORDER BY k) AS n FROM generate_series(1, 100) k
	JOIN shardlite.shard s ON s.shard_id = get_shard_id_for_distribution_column('account', k))
SELECT (SELECT k FROM place WHERE node_id = 2 AND n = 1), (SELECT k FROM place WHERE node_id = 3 AND n = 1),
	(SELECT k FROM place WHERE node_id = 2 AND n = 2)
EOT
my ($on_two, $on_three, $also_on_two) = @keys;

sub session
{
	my ($node) = @_;
	my $session = $nodes[$node]->background_psql('postgres', on_error_stop => 0);
	$session->query_safe('\set VERBOSITY verbose');
	return $session;
}

# Send a statement that is going to wait.
sub start
{
	my ($session, $statement) = @_;
	$session->{stderr} = '';
	$session->query_until(qr/started/, "\\echo started\n$statement;\n");
	return;
}

# What it said in the end, and the statement after it.
sub finish
{
	my ($session, $statement) = @_;
	$session->query($statement // '\echo');
	my $err = $session->{stderr};
	$session->{stderr} = '';
	return $err;
}

sub update { return "UPDATE account SET v = v + 1 WHERE k = $_[0]"; }

# Wait until that many processes of a node (all nodes) wait for locks.
sub waiting
{
	my ($count, $node) = @_;
	my @where = defined $node ? $nodes[$node] : @nodes;
	foreach (1 .. 500)
	{
		my $sum = 0;
		$sum += $_->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
		  foreach @where;
		return if $sum >= $count;
		select(undef, undef, undef, 0.01);
	}
	die 'nobody waits';
}

# Both have begun and wait for each other: the second, younger one fails.
sub second_fails
{
	my ($first, $second, $name) = @_;
	my $err = finish($second, 'ROLLBACK');
	like($err, qr/ERROR:  40P01: deadlock detected/, "$name: the younger one fails");
	like($err, qr/^DETAIL:  Process \d+ of node \d waits for \w+Lock on .* on node \d; blocked by process \d+ of node \d\.$/m,
		"$name: and is told why");
	is(finish($first, 'COMMIT'), '', "$name: the other one goes on");
	return;
}

my ($a, $b, $c) = map { session(0) } 1 .. 3;
my @elsewhere = map { session($_) } 1, 2;

# Within twice the timeout, whatever session it is.  A machine that is busy with
# other things gets three tries.
my $quickest = 1000;
foreach (1 .. 3)
{
	$a->query_safe('BEGIN; ' . update($on_two));
	$b->query_safe('BEGIN; ' . update($on_three));
	start($a, update($on_three));
	my $begin = time;
	start($b, update($on_two));
	second_fails($a, $b, 'crossing updates');
	$quickest = time - $begin if time - $begin < $quickest;
	last if $quickest < 2;
}
cmp_ok($quickest, '<', 2, 'crossing updates: within twice deadlock_timeout');

foreach my $node (@nodes)
{
	$node->append_conf('postgresql.conf', "deadlock_timeout = 50ms\n");
	$node->reload;
}

# A hundred times, from the coordinator, from two nodes, from the nodes
# themselves (where each waits for its own shard, and none for another node).
$cluster->sql('UPDATE account SET v = 0');
my %outcome;
my $slowest = 0;
foreach my $round (0 .. 99)
{
	my @pairs = ([ $a, $b ], [ $a, $elsewhere[0] ], [ @elsewhere ], [ reverse @elsewhere ]);
	my ($x, $y) = @{ $pairs[ $round % 4 ] };
	$x->query_safe('BEGIN; ' . update($on_two));
	$y->query_safe('BEGIN; ' . update($on_three));
	my $begin = time;
	start($x, update($on_three));
	start($y, update($on_two));
	my @errors = map { finish($_, 'COMMIT') } $x, $y;
	my $duration = time - $begin;
	$slowest = $duration if $duration > $slowest;
	$outcome{ join ' ', sort map { /ERROR:  (\w+): deadlock detected/ ? $1 : $_ eq '' ? 'ok' : $_ } @errors }++;
}
is_deeply(\%outcome, { '40P01 ok' => 100 }, 'of two crossing updates one fails and one commits, 100 times of 100');
is($cluster->sql("SELECT string_agg(v::text, ' ') FROM account WHERE k IN ($on_two, $on_three)"), '100 100',
	'and what one of them did is there');
cmp_ok($slowest, '<', 15, 'none of them took long');

# A lock that only the coordinator knows, waited for by the victim and by the other one.
foreach my $lock ('SELECT pg_advisory_xact_lock(1)', 'UPDATE plain SET v = v + 1', 'LOCK TABLE plain')
{
	$a->query_safe("BEGIN; $lock");
	$b->query_safe('BEGIN; ' . update($on_two));
	start($a, update($on_two));
	start($b, $lock);
	second_fails($a, $b, "$lock by the victim");

	$a->query_safe('BEGIN; ' . update($on_two));
	$b->query_safe("BEGIN; $lock");
	start($a, $lock);
	waiting(1, 0);
	start($b, update($on_two));
	second_fails($a, $b, "$lock by the other one");
}

# While its statement is being parsed.
$a->query_safe('BEGIN; LOCK TABLE plain');
$b->query_safe('BEGIN; ' . update($on_two));
start($a, update($on_two));
start($b, 'SELECT * FROM plain');
second_fails($a, $b, 'table lock');

# Three sessions, three nodes.
$a->query_safe('BEGIN; ' . update($on_two));
$elsewhere[0]->query_safe('BEGIN; ' . update($on_three));
$c->query_safe('BEGIN; UPDATE plain SET v = 1');
start($a, update($on_three));
start($elsewhere[0], update($on_two));
my $err = finish($elsewhere[0], 'ROLLBACK');
like($err, qr/40P01: deadlock detected/, 'two of three');
is(finish($a), '', 'two of three: the other one goes on');
$elsewhere[0]->query_safe('BEGIN; ' . update($also_on_two));
start($a, 'UPDATE plain SET v = 2');
waiting(1, 0);
start($elsewhere[0], update($on_three));
waiting(2);
start($c, update($also_on_two));
my @errors = map { finish($_, 'COMMIT') } $elsewhere[0], $c, $a;
is(scalar(grep { /40P01: deadlock detected/ } @errors), 1, 'three sessions over three nodes: one fails');
is(scalar(grep { $_ eq '' } @errors), 2, 'and two commit');

# Both nodes write a reference table: each has its own copy first.
my %reference;
foreach (1 .. 5)
{
	start($_, 'UPDATE rate SET v = v + 1') foreach @elsewhere, $a;
	$reference{ finish($_) =~ /ERROR:  (\w+)/ ? $1 : 'ok' }++ foreach @elsewhere, $a;
}
is_deeply([ grep { !/^(ok|40P01)$/ } keys %reference ], [], 'writes to a reference table end in success or a deadlock');
is($_->safe_psql('postgres', 'SELECT v FROM rate'), $reference{ok}, 'all copies have what succeeded, on ' . $_->name)
  foreach @nodes;

# Whatever the victim does.
my $rows = "$PostgreSQL::Test::Utils::tmp_check/rows";
append_to_file($rows, "$on_two\t0\n");
foreach my $statement (
	"SELECT v FROM account WHERE k = $on_two FOR UPDATE",
	'SELECT count(*) FROM (SELECT * FROM account FOR UPDATE) x',
	'UPDATE account SET v = v + 1',
	"DELETE FROM account WHERE k = $on_two",
	"INSERT INTO account VALUES ($on_two) ON CONFLICT (k) DO UPDATE SET v = 1",
	"COPY account FROM '$rows'",
	"DO \$\$ BEGIN PERFORM v FROM account WHERE k = $on_two FOR UPDATE; END \$\$")
{
	$elsewhere[0]->query_safe("BEGIN; DELETE FROM account WHERE k = $on_two");
	$b->query_safe('BEGIN; ' . update($on_three));
	start($elsewhere[0], "INSERT INTO account VALUES ($on_two); " . update($on_three));
	start($b, $statement);
	second_fails($elsewhere[0], $b, $statement);
}

# DDL meets the other one on several nodes, and one of them alone may see a cycle: its
# own detector and ours may then end one session each.
foreach my $statement ('ALTER TABLE account ADD x int', 'TRUNCATE account, entry')
{
	$elsewhere[0]->query_safe('BEGIN; ' . update($on_two));
	$b->query_safe('BEGIN; ' . update($on_three));
	start($elsewhere[0], update($on_three));
	start($b, $statement);
	@errors = map { finish($_, 'ROLLBACK') } $elsewhere[0], $b;
	ok(scalar(grep { /40P01: deadlock detected/ } @errors) > 0, "$statement: one fails");
	is(scalar(grep { $_ ne '' && !/40P01: deadlock detected/ } @errors), 0, "$statement: no other error");
}

# Handlers catch it by its name.
$a->query_safe('BEGIN; ' . update($on_two));
$b->query_safe('BEGIN; ' . update($on_three));
start($a, update($on_three));
start($b, "DO \$\$ BEGIN UPDATE account SET v = 0 WHERE k = $on_two; EXCEPTION WHEN deadlock_detected THEN RAISE NOTICE 'caught'; END \$\$");
like(finish($b, 'ROLLBACK'), qr/NOTICE:  00000: caught/, 'a handler sees deadlock_detected');
is(finish($a, 'COMMIT'), '', 'and the other one goes on');

# A transaction that is prepared on one node waits while preparing on another:
# its deferred foreign key needs a row that the other one is deleting.
foreach my $victim (0, 1)
{
	my ($commits, $deletes) = ($a, $b);
	my $first = 'BEGIN; ' . update($on_two) . "; INSERT INTO entry VALUES ($on_three)";
	my $second = "BEGIN; DELETE FROM account WHERE k = $on_three";
	if ($victim) { $commits->query_safe($first); $deletes->query_safe($second); }
	else { $deletes->query_safe($second); $commits->query_safe($first); }
	start($commits, 'COMMIT');
	waiting(1, 2);
	start($deletes, update($on_two));
	if ($victim)
	{
		like(finish($deletes, 'ROLLBACK'), qr/40P01: deadlock detected/, 'who waits for a prepared transaction is told');
		is(finish($commits), '', 'and the prepared one commits');
		$cluster->sql("DELETE FROM entry");
	}
	else
	{
		like(finish($commits), qr/40P01: deadlock detected/, 'a deadlock while preparing fails the commit');
		is(finish($deletes, 'ROLLBACK'), '', 'and the other one goes on');
	}
	is($cluster->prepared_count, 0, 'nothing stays prepared');
}

# On one node PostgreSQL finds it by itself.
my $log = -s $nodes[0]->logfile;
$a->query_safe('BEGIN; ' . update($on_two));
$b->query_safe('BEGIN; ' . update($also_on_two));
start($a, update($also_on_two));
start($b, update($on_two));
@errors = map { finish($_, 'COMMIT') } $a, $b;
is(scalar(grep { /40P01: deadlock detected/ } @errors), 1, 'two rows of one node: one fails');
is(scalar(grep { $_ eq '' } @errors), 1, 'and one commits');
is(slurp_file($nodes[0]->logfile, $log) =~ /deadlock over several nodes/, '', 'found by the node itself');

# Long waits, also one behind the other and over nodes, are not deadlocks.
$log = -s $nodes[0]->logfile;
$a->query_safe('BEGIN; ' . update($on_two));
$b->query_safe('BEGIN; ' . update($on_three));
start($b, update($on_two));
start($_, update($on_three)) foreach $c, @elsewhere;
waiting(4);
sleep 1;

# The view tells who waits for whom; of others only to those who may know.
my $holder = $a->query_safe('SELECT pg_backend_pid()');
my $shown = sub {
	my ($columns, $role) = @_;
	return $cluster->sql("SET ROLE $role; SELECT $columns FROM shardlite_transactions ORDER BY started");
};
is($shown->('state, node_id, usename, nodes, age > interval \'1s\', waits_for ~ \'^ShareLock on transaction\'', 'postgres'),
	"idle in transaction|1|postgres|{2}|t|\nactive|1|postgres|{2,3}|t|t", 'shardlite_transactions');
is($cluster->sql("SELECT blocked_by[1] ~ '_${holder}_' FROM shardlite_transactions WHERE blocked_by IS NOT NULL"), 't',
	'shardlite_transactions: who waits for whom');
is($shown->('state, node_id, usename, nodes, age, waits_for, blocked_by', 'stranger'),
	"|1|postgres||||\n|1|postgres||||", 'shardlite_transactions: hidden from others');
is(finish($a, 'COMMIT'), '', 'a chain of waits: the first');
is(finish($b, 'COMMIT'), '', 'a chain of waits: the second');
is(finish($_), '', 'a chain of waits: those behind') foreach $c, @elsewhere;

# Under load, in an order that allows no cycle; rollbacks are not waited for.
# Then in any order: many deadlocks, and everybody comes to an end.
sub load
{
	my ($name, $script, $seconds, @options) = @_;
	my $file = "$PostgreSQL::Test::Utils::tmp_check/$name.sql";
	append_to_file($file, $script);
	my @runs = map {
		my ($out, $err) = ('', '');
		my $run = IPC::Run::start([ 'pgbench', '-n', '-c', '6', '-T', $seconds, '-f', $file, @options,
				'-h', '127.0.0.1', '-p', $_->port, 'postgres' ], '>', \$out, '2>', \$err);
		[ $run, \$out, \$err ];
	} @nodes;
	my $text = '';
	foreach (@runs)
	{
		my ($run, $out, $err) = @$_;
		ok($run->finish, "$name: pgbench succeeds") or diag $$err;
		$text .= "$$out$$err";
	}
	return $text;
}
my $lock_rows = join "\n", 'BEGIN;', (map { "UPDATE account SET v = v + 1 WHERE k = :k$_;" } 1 .. 3);
my $text = load('ordered', <<EOT . $lock_rows . "\n\\if :undo\nROLLBACK;\n\\else\nCOMMIT;\n\\endif\n", 4);
\\set k1 random(1, 4)
\\set k2 random(5, 8)
\\set k3 random(9, 12)
\\set undo random(0, 1)
EOT
unlike($text, qr/deadlock/, 'no deadlock where none can be');
unlike(slurp_file($nodes[0]->logfile, $log), qr/deadlock/, 'none is logged');
$cluster->sql('UPDATE account SET v = 0');
$text = load('any', <<EOT . "$lock_rows\nCOMMIT;\n", 4, '--max-tries=100', '--failures-detailed');
\\set k1 random(1, 12)
\\set k2 random(1, 12)
\\set k3 random(1, 12)
EOT
my ($done, $failed) = (0, 0);
$done += $1 while $text =~ /number of transactions actually processed: (\d+)/g;
$failed += $1 while $text =~ /number of failed transactions: (\d+)/g;
is($failed, 0, 'in any order: all transactions get through');
is($cluster->sql('SELECT sum(v) FROM account'), 3 * $done, 'in any order: each of them once');
ok($nodes[$_]->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'shardlite deadlock detector'"),
	'the detector has gone')
  foreach 0 .. 2;

$_->quit foreach $a, $b, $c, @elsewhere;
done_testing();
