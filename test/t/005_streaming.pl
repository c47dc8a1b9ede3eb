# Results of any size: the first row comes early, memory does not grow with the
# result, and nodes stop when nobody wants more.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ShardliteCluster;
use PostgreSQL::Test::Utils;
use Test::More;

use constant MB => 1024 * 1024;

my $cluster = ShardliteCluster->new(workers => 2);
my $coordinator = $cluster->coordinator;

# 200 MB of rows of 20 kB, 100 MB of rows of 4 MB; compressed on disk.
$cluster->sql(<<'EOT');
CREATE TABLE wide (k int PRIMARY KEY, v text);
SELECT create_distributed_table('wide', 'k');
INSERT INTO wide SELECT i, repeat('x', 20000) FROM generate_series(1, 10000) i;
CREATE TABLE huge (k int PRIMARY KEY, v text);
SELECT create_distributed_table('huge', 'k');
INSERT INTO huge SELECT i, repeat('x', 4 * 1024 * 1024) FROM generate_series(1, 25) i;
EOT

my $session = $coordinator->background_psql('postgres');

# What the compiler takes is PostgreSQL's business.
$session->query_safe('SET jit = off');

sub peak
{
	my ($kb) = $session->query_safe("SELECT pg_read_file('/proc/self/status')") =~ /VmHWM:\s*(\d+)/;
	return $kb * 1024;
}

sub received
{
	return $session->query_safe('SELECT bytes_received FROM shardlite_counters()');
}

sub idle_soon
{
	my ($what) = @_;
	foreach my $worker (1, 2)
	{
		ok( $cluster->worker($worker)->poll_query_until('postgres',
				"SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name LIKE 'shardlite node%' AND state = 'active'"),
			"node $worker is idle after $what");
	}
	return;
}

# Memory of the coordinator's process.
$session->query_safe("COPY (SELECT * FROM wide WHERE k <= 100) TO '/dev/null'");
my ($memory, $bytes) = (peak(), received());
$session->query_safe("COPY (SELECT * FROM wide) TO '/dev/null'");
cmp_ok(received() - $bytes, '>', 190 * MB, 'the whole result came');
cmp_ok(peak() - $memory, '<', 16 * MB, 'and was not gathered');
$session->query_safe("COPY (SELECT a.k, b.v FROM wide a JOIN wide b ON a.k + 0 = b.k - 1) TO '/dev/null'");
cmp_ok(peak() - $memory, '<', 16 * MB, 'nor below a join');
$session->query_safe("COPY (SELECT * FROM huge WHERE k < 3) TO '/dev/null'");
$memory = peak();
$session->query_safe("COPY (SELECT * FROM huge) TO '/dev/null'");
cmp_ok(peak() - $memory, '<', 40 * MB, 'large rows come a few at a time');

# The first row, and no more than what fits into buffers on the way.
$bytes = received();
$session->query_safe('BEGIN; DECLARE c CURSOR FOR SELECT k, v FROM wide');
is(received(), $bytes, 'opening a cursor reads nothing');
like($session->query_safe('FETCH 1 FROM c'), qr/^\d+\|x+$/, 'one row');
cmp_ok(received() - $bytes, '<', 1 * MB, 'is read and not much more');
$session->query_safe('CLOSE c');
idle_soon('CLOSE');
is($session->query_safe('SELECT count(*) FROM wide WHERE k <= 100; COMMIT'), 100, 'the transaction goes on');
cmp_ok(received() - $bytes, '<', 40 * MB, 'without the rest of the rows');

$bytes = received();
is($session->query_safe('SELECT count(*) FROM (SELECT v FROM wide LIMIT 3) s'), 3, 'LIMIT');
idle_soon('LIMIT');
cmp_ok(received() - $bytes, '<', 40 * MB, 'and few bytes came');

# Also where the transaction on the nodes must live on.
$bytes = received();
$session->query_safe('BEGIN; UPDATE huge SET v = k; DECLARE c CURSOR FOR SELECT k, v FROM wide; FETCH 1 FROM c; CLOSE c');
is($session->query_safe('SELECT count(*) FROM huge WHERE v = k::text; ROLLBACK'), 25, 'a transaction that wrote keeps its changes');
$session->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM wide');
$cluster->sql('DELETE FROM wide WHERE k = 7');
$session->query_safe('DECLARE c CURSOR FOR SELECT k, v FROM wide; FETCH 1 FROM c; CLOSE c');
is($session->query_safe('SELECT count(*) FROM wide; COMMIT'), 10000, 'and one with a snapshot keeps that');
idle_soon('the end');

# Two cursors at once, and statements in between on the same connections.
$memory = peak();
$session->query_safe(<<'EOT');
BEGIN;
DECLARE one CURSOR FOR SELECT k FROM wide WHERE length(v) > 5;
DECLARE two CURSOR FOR SELECT k, v FROM wide;
FETCH 10 FROM two;
FETCH 5 FROM one;
UPDATE wide SET v = 'short' WHERE k % 2 = 0;
MOVE 100 FROM two;
EOT
is($session->query_safe('SELECT count(*) FROM wide WHERE length(v) = 5'), 5000, 'the write');
is($session->query_safe("MOVE ALL FROM one; SELECT 1"), 1, 'the first cursor goes on');
my @rows = split /\n/, $session->query_safe('FETCH 200 FROM two');
is(scalar(@rows), 200, 'the other, too');
is(scalar(grep { length($_) < 20000 } @rows), 0, 'with the rows as they were when it began');
$session->query_safe('ROLLBACK');
is($session->query_safe('SELECT count(*) FROM wide WHERE length(v) = 5'), 0, 'rolled back');

$session->quit;
done_testing();
