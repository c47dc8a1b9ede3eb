# Rows locked after they were chosen, over several nodes: a queue hands out each
# job once, and a row that has changed meanwhile counts as it is now.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ShardliteCluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $cluster = ShardliteCluster->new(workers => 2);
my @nodes = $cluster->nodes;

$cluster->sql(<<'EOT');
CREATE TABLE job (id int PRIMARY KEY, prio int, done boolean DEFAULT false);
SELECT create_distributed_table('job', 'id', shard_count => 8);
CREATE TABLE log (id int, who int);
SELECT create_distributed_table('log', 'id');
INSERT INTO job SELECT i, i % 7 FROM generate_series(1, 300) i;
EOT

sub session
{
	my ($node) = @_;
	return $nodes[$node]->background_psql('postgres', on_error_stop => 0);
}

# Send a statement whose end is not waited for.
sub start
{
	my ($session, $statement) = @_;
	$session->{stderr} = '';
	$session->query_until(qr/started/, "\\echo started\n$statement;\n");
	return;
}

# Sessions on all nodes take jobs until there are none.
sub work_off
{
	my ($locking) = @_;
	my @workers = map { session($_ % 3) } 0 .. 4;
	my $errors = '';

	start($_, <<"EOT") for @workers;
DO \$\$ DECLARE n int; BEGIN
	LOOP
		WITH mine AS (SELECT id FROM job WHERE NOT done ORDER BY prio, id LIMIT 4 $locking),
			finished AS (UPDATE job SET done = true FROM mine WHERE mine.id = job.id RETURNING job.id)
			INSERT INTO log SELECT id, pg_backend_pid() FROM finished;
		GET DIAGNOSTICS n = ROW_COUNT;
		COMMIT;
		EXIT WHEN n = 0;
	END LOOP;
END \$\$
EOT
	foreach my $worker (@workers)
	{
		$worker->query('SELECT 1');
		$errors .= $worker->{stderr};
		$worker->quit;
	}
	is($errors, '', "no error, $locking");
	is($cluster->sql('SELECT count(*), count(DISTINCT id) FROM log'), '300|300', "each job once, $locking");
	is($cluster->sql('SELECT count(*) FROM job WHERE NOT done'), '0', "no job left, $locking");
	$cluster->sql('TRUNCATE log; UPDATE job SET done = false');
	return;
}

work_off('FOR UPDATE SKIP LOCKED');
work_off('FOR UPDATE');

# a change that commits while the lock is waited for
my $first = session(1);
my $second = session(0);
foreach my $case (['SET prio = -5', '7|-5', 'still satisfies the conditions'],
	['SET done = true', '14|0', 'does not, and another row takes its place'])
{
	my ($change, $expected, $what) = @$case;

	$cluster->sql('UPDATE job SET done = false, prio = id % 7; UPDATE job SET prio = -1 WHERE id = 7');
	$first->query_safe("BEGIN; UPDATE job $change WHERE id = 7");
	start($second, "SELECT id, prio FROM job WHERE NOT done AND id % 7 = 0 ORDER BY prio, id LIMIT 1 FOR UPDATE");
	sleep 1;
	$first->query_safe('COMMIT');
	is($second->query('\echo over'), "$expected\nover", "changed row $what");
}

# old versions of rows that were read stay, although nobody else needs them
$cluster->sql('UPDATE job SET done = false, prio = id');
$second->query_safe('BEGIN; DECLARE c CURSOR FOR SELECT id, prio FROM job ORDER BY prio FOR UPDATE');
is($second->query_safe('FETCH 1 FROM c'), '1|1', 'first row of a cursor');
$cluster->sql("UPDATE job SET prio = prio + $_ * 1000 WHERE id BETWEEN 2 AND 300") for 1 .. 3;
$second->query_safe('SELECT count(*) FROM log');
$cluster->sql('VACUUM job');
is($second->query_safe('FETCH 40 FROM c'), join("\n", map { "$_|" . (6000 + $_) } 2 .. 41), 'rows are found after they changed often, and VACUUM');
$second->query_safe('COMMIT');
ok($nodes[1]->poll_query_until('postgres', 'SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid() AND backend_type = \'client backend\''),
	'no snapshot is held in the end');
$first->quit;
$second->quit;

done_testing();
