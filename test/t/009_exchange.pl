# Rows that go from node to node: nothing of them is left, whatever happens on the way.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ShardliteCluster;
use PostgreSQL::Test::Utils;
use Test::More;

# recovery would count among the connections between nodes
my $cluster = ShardliteCluster->new(workers => 2, conf => "shardlite.recovery_interval = 1h\n");
my $coordinator = $cluster->coordinator;
my $setup = "SET shardlite.exchange_startup_cost = 0; SET jit = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_nestloop = off; SET shardlite.enable_broadcast = off; SET shardlite.enable_sort_pushdown = off;";

# rows of one side go to the other's shards, or those of both sides meet, or those of a group
my %queries = (
	one => "SELECT count(*), sum(length(f.note)) FROM fact f JOIN dim d ON d.k = f.ref",
	both => "SELECT count(*), sum(length(f.note)) FROM fact f JOIN dim d ON d.other = f.ref",
	groups => "SELECT count(*), sum(length(notes)) FROM (SELECT ref, string_agg(note, '' ORDER BY id) AS notes FROM fact GROUP BY ref) g");
my $query = $queries{one};

$cluster->sql(<<'EOT');
CREATE TABLE fact (id int PRIMARY KEY, ref int, note text);
CREATE TABLE dim (k int PRIMARY KEY, other bigint);
SELECT create_distributed_table('fact', 'id'), create_distributed_table('dim', 'k');
INSERT INTO fact SELECT i, 1 + i * 7 % 20000, repeat('x', 100) FROM generate_series(1, 20000) i;
INSERT INTO dim SELECT i, 20001 - i FROM generate_series(1, 20000) i;
ANALYZE fact, dim;
EOT

sub files
{
	my ($node) = @_;
	return $node->safe_psql('postgres', "SELECT count(*) FROM pg_ls_dir('base/pgsql_tmp', true, false)");
}

# Sessions end a little later than their clients hear of it.
sub nothing_left
{
	my $clean = 1;
	$clean &&= $_->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_ls_dir('base/pgsql_tmp', true, false)")
	  foreach $cluster->nodes;
	return $clean;
}

sub works
{
	my ($label) = @_;
	is($cluster->sql("$setup $queries{$_}"), '20000|2000000', "$label: $_: the statement works again")
	  foreach sort keys %queries;
	return;
}

# Run the query in a session of its own; returns it and its pid.
sub start_query
{
	my $session = $coordinator->background_psql('postgres', on_error_stop => 0);
	my $pid = $session->query_safe('SELECT pg_backend_pid()');
	$session->query_safe($setup);
	$session->query_until(qr/started/, "\\echo started\n$query;\n");
	return ($session, $pid);
}

# success, also with little memory
like($cluster->sql("$setup EXPLAIN $query"), qr/Exchange Between Nodes By: f.ref/, 'rows are exchanged');
like($cluster->sql("$setup EXPLAIN $queries{both}"), qr/Exchange Between Nodes By: f.ref.*Exchange Between Nodes By: d.other/s,
	'rows of both sides are exchanged');
like($cluster->sql("$setup EXPLAIN $queries{groups}"), qr/Exchange Between Nodes By: fact.ref/, 'rows of groups are exchanged');
works('at first');
is($cluster->sql("SET work_mem = '64kB'; $setup $queries{$_}"), '20000|2000000', "$_: with little memory")
  foreach sort keys %queries;
ok(nothing_left(), 'nothing is left of statements that are over');

# one stream per pair of nodes, of sessions that stay
my $session = $coordinator->background_psql('postgres', on_error_stop => 0);
$session->query_safe("$setup $query");
$session->query_safe($query);
is($cluster->worker(1)->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'shardlite node 3 %'"), 1,
	'one connection between two nodes');

# within a transaction, each statement by itself
$session->query_safe("BEGIN; $query; SAVEPOINT s; $query");
ok(nothing_left(), 'nothing is left while the transaction goes on');
$session->query("SELECT count(*) FROM fact f JOIN dim d ON d.k = f.ref WHERE 1 / (f.id - 77) < 5");
$session->{stderr} = '';
$session->query_safe('ROLLBACK TO s');
ok(nothing_left(), 'nor after a savepoint');
is($session->query_safe($query), '20000|2000000', 'the transaction goes on');
$session->query_safe('COMMIT');
$session->quit;

# errors on a node, in each step
foreach my $fault ('exchange_after_begin', 'exchange_before_fetch', 'exchange_in_read')
{
	$cluster->set_fault($cluster->worker(1), "$fault:error");
	foreach my $sides (sort keys %queries)
	{
		my ($code, undef, $err) = $cluster->try_sql("$setup $queries{$sides}");
		isnt($code, 0, "$fault: $sides: the statement fails");
		like($err, qr/fault point/, "$fault: $sides: and says why");
		ok(nothing_left(), "$fault: $sides: nothing is left");
	}
	$cluster->set_fault($cluster->worker(1), '');
	works($fault);
}

# One node fails, and another then misses its rows: the user hears of the first,
# although the other one's error is read before.
{
	my $gate = $cluster->worker(1)->background_psql('postgres');
	my ($first, $second) = map { my $w = $_; sub { $w->poll_query_until('postgres', $_[0]) } } map { $cluster->worker($_) } 1, 2;
	my $there = "FROM pg_stat_activity WHERE query LIKE '%exchange_fetch%' AND state = 'active' AND pid <> pg_backend_pid()";

	$gate->query_safe('SELECT pg_advisory_lock(1)');
	$cluster->set_fault($cluster->worker(1), 'exchange_before_fetch:wait=1');
	$cluster->set_fault($cluster->worker(2), 'exchange_before_fetch:pause=60000');
	my ($waiting, $pid) = start_query();
	$first->("SELECT count(*) = 1 $there");
	$second->("SELECT count(*) = 1 $there");
	kill 'STOP', $pid;
	$second->("SELECT bool_and(pg_cancel_backend(pid)) $there");
	$second->("SELECT count(*) = 0 FROM pg_ls_dir('base/pgsql_tmp', true, false)");
	$gate->query_safe('SELECT pg_advisory_unlock(1)');
	$first->("SELECT count(*) = 0 $there");
	kill 'CONT', $pid;
	$waiting->query('\echo over');
	like($waiting->{stderr}, qr/canceling statement due to user request/, 'the error is that of the node that failed first');
	$cluster->set_fault($cluster->worker($_), '') foreach 1, 2;
	$gate->quit;
	$waiting->{stderr} = '';
	$waiting->quit;
	works('after that');
}

# no place for the files
$cluster->worker(1)->safe_psql('postgres', "ALTER SYSTEM SET temp_file_limit = '64kB'");
$cluster->worker(1)->reload;
$cluster->worker(1)->poll_query_until('postgres', 'SHOW temp_file_limit', '64kB');
my (undef, undef, $full) = $cluster->try_sql("$setup $query");
like($full, qr/temporary file size exceeds temp_file_limit/, 'temp_file_limit holds');
ok(nothing_left(), 'nothing is left when there is no place');
$cluster->worker(1)->safe_psql('postgres', 'ALTER SYSTEM RESET temp_file_limit');
$cluster->worker(1)->reload;
works('with place');

# cancelled, or gone, while files lie there
foreach my $how ('pg_cancel_backend', 'pg_terminate_backend')
{
	$cluster->set_fault($cluster->worker(1), 'exchange_before_fetch:sleep=30000');
	my ($waiting, $pid) = start_query();
	ok($cluster->worker(2)->poll_query_until('postgres', "SELECT count(*) > 0 FROM pg_ls_dir('base/pgsql_tmp', true, false)"),
		"$how: there are files");
	$cluster->sql("SELECT $how($pid)");
	ok(nothing_left(), "$how: nothing is left");
	$cluster->set_fault($cluster->worker(1), '');
	$how eq 'pg_cancel_backend' ? $waiting->quit : eval { $waiting->quit };
	works($how);
}

# the files of one side lie there, those of the other are being made
$query = $queries{both};
$cluster->set_fault($cluster->worker(1), 'exchange_after_begin:pause=30000@2');
my ($between, $between_pid) = start_query();
ok($cluster->worker(2)->poll_query_until('postgres', "SELECT count(*) > 1 FROM pg_ls_dir('base/pgsql_tmp', true, false)"),
	'between the sides: there are files');
$cluster->sql("SELECT pg_cancel_backend($between_pid)");
ok(nothing_left(), 'between the sides: nothing is left');
$cluster->set_fault($cluster->worker(1), '');
$between->quit;
works('between the sides');

# cancelled while the files are deleted
$cluster->set_fault($cluster->worker(1), 'exchange_before_delete:sleep=3000');
my ($deleting) = start_query();
$cluster->worker(1)->poll_query_until('postgres',
	"SELECT count(pg_cancel_backend(pid)) > 0 FROM pg_stat_activity WHERE query LIKE '%exchange_drop%' AND state = 'active' AND pid <> pg_backend_pid()");
ok(nothing_left(), 'cancelled while deleting: nothing is left');
$cluster->set_fault($cluster->worker(1), '');
$deleting->quit;
works('cancelled while deleting');

# the connection between two nodes is cut
$cluster->set_fault($cluster->worker(2), 'exchange_in_read:sleep=30000');
my ($waiting) = start_query();
$cluster->worker(2)->poll_query_until('postgres',
	"SELECT count(pg_terminate_backend(pid)) > 0 FROM pg_stat_activity WHERE query LIKE '%exchange_read%' AND state = 'active' AND pid <> pg_backend_pid()");
ok(nothing_left(), 'cut: nothing is left');
$cluster->set_fault($cluster->worker(2), '');
$waiting->quit;
works('cut');

# a node dies
$cluster->set_fault($cluster->worker(1), 'exchange_before_fetch:kill');
my ($died) = $cluster->try_sql("$setup $query");
isnt($died, 0, 'a dying node fails the statement');
$cluster->worker(1)->poll_query_until('postgres', 'SELECT true');
$cluster->set_fault($cluster->worker(1), '');
ok(nothing_left(), 'crash: nothing is left');
works('crash');

# a node that cannot reach the others: the rows go through the coordinator
$cluster->worker(1)->safe_psql('postgres', "ALTER SYSTEM SET shardlite.node_conninfo = 'sslmode=require'");
$cluster->worker(1)->reload;
works('without connections between nodes');
ok(nothing_left(), 'nothing is left of what was not used');

done_testing();
