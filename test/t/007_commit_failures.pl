# Every step of a commit meets every failure: afterwards all of it is there or
# nothing, as the client was told; nothing stays prepared and no lock is left.
# (002_two_phase_crash kills the coordinator's backend at each step.)
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use ShardliteCluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $cluster = ShardliteCluster->new(workers => 2, conf => <<'EOT');
shardlite.recovery_interval = 1s
shardlite.cancel_timeout = 500ms
EOT
my $coordinator = $cluster->coordinator;

$cluster->sql(<<'EOT');
CREATE TABLE account (k int PRIMARY KEY, v int);
SELECT create_distributed_table('account', 'k');
INSERT INTO account SELECT i, 0 FROM generate_series(1, 100) i;
EOT
my ($here, $there, $also_there) = split /\|/, $cluster->sql(<<'EOT');
WITH place AS (
	SELECT k, node_id FROM generate_series(1, 100) k
	JOIN shardlite.shard s ON s.shard_id = get_shard_id_for_distribution_column('account', k))
SELECT (SELECT min(k) FROM place WHERE node_id = 2), (SELECT min(k) FROM place WHERE node_id = 3),
	(SELECT max(k) FROM place WHERE node_id = 3)
EOT
our $rows = "k IN ($here, $there)";    # that are changed
our $value = 0;                        # of them, if what the clients were told is true

my $gate;                # holds the lock that a fault point waits for
my $session;             # commits
my $pid;

sub connect_sessions
{
	$gate = $coordinator->background_psql('postgres');
	$session = $coordinator->background_psql('postgres', on_error_stop => 0);
	$pid = $session->query_safe('SELECT pg_backend_pid()');
	return;
}

# What happens while the commit stands at its step.
sub cut
{
	$cluster->worker(2)->safe_psql('postgres',
		"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'shardlite node 1 pid $pid'");
	return;
}
sub restart { my ($node) = @_; $node->stop('immediate'); $node->start; return; }
my %failure = (
	'cut connection'    => \&cut,
	'cancel'            => sub { $cluster->sql("SELECT pg_cancel_backend($pid)") },
	'statement_timeout' => sub { select(undef, undef, undef, 0.35) },
	'terminate'         => sub { $cluster->sql("SELECT pg_terminate_backend($pid)") },
	'worker crash'      => sub { restart($cluster->worker(2)) },
	'coordinator crash' => sub { restart($coordinator) });

# SQLSTATE of the script's last statement, or '' if the session is gone.
sub outcome
{
	my $out = '';
	eval {
		$session->{run}->pump while $session->{stdout} !~ /outcome \w+\n/ && $session->{run}->pumpable;
		$out = $session->{stdout};
	};
	$session->{stdout} = $session->{stderr} = '';
	return $out =~ /outcome (\w+)\n/ ? $1 : '';
}

# All nodes are there, agree, and let others write.
sub settled
{
	my ($name) = @_;
	ok($cluster->wait_until_resolved, "$name: nothing stays prepared");
	my ($code, $out, $err) = $cluster->try_sql(<<EOT);
SET lock_timeout = '10s';
BEGIN;
SELECT string_agg(DISTINCT v::text, ' ') FROM account WHERE $rows;
UPDATE account SET v = v WHERE $rows;
COMMIT;
EOT
	is($code, 0, "$name: no lock is left") or diag $err;
	return $out;
}

# One script stands at a fault point while one failure happens.
sub run_case
{
	my ($point, $kind, $script) = @_;
	my $name = "$point, $kind" . ($script =~ /BEGIN/ ? '' : ', one statement');
	connect_sessions() unless defined $session;
	my $log = -s $coordinator->logfile;
	my $timeout = $kind eq 'statement_timeout' ? "SET statement_timeout = '300ms';" : '';

	$gate->query_safe('SELECT pg_advisory_lock(1)');
	$session->query_safe("SET shardlite.fault_point = '$point:wait=1'");
	$script =~ s/LAST/$timeout/;
	$session->query_until(qr/ready/, "\\echo ready\n$script\n\\echo outcome :SQLSTATE\n");
	$coordinator->wait_for_log(qr/fault point "$point": waiting/, $log);
	$failure{$kind}->();
	$gate->query_safe('SELECT pg_advisory_unlock(1)') unless $kind eq 'coordinator crash';
	judge($kind, $name, $script);
	return;
}

# A node does not answer while it is asked to prepare or to commit.
sub run_hung
{
	my ($kind, $script) = @_;
	my $name = 'hung node, ' . $kind . ($script =~ /$here/ ? '' : ', one node');
	connect_sessions() unless defined $session;
	my ($start, $end) = split /LAST/, $script;
	$session->query_safe("RESET shardlite.fault_point; $start");
	my $stopped = $cluster->worker(2)->safe_psql('postgres',
		"SELECT pid FROM pg_stat_activity WHERE application_name = 'shardlite node 1 pid $pid'");
	kill 'STOP', $stopped;
	$session->query_until(qr/ready/, "\\echo ready\n$end\n\\echo outcome :SQLSTATE\n");
	$coordinator->poll_query_until('postgres', "SELECT wait_event = 'Extension' FROM pg_stat_activity WHERE pid = $pid");
	$failure{$kind}->();
	my $told = outcome();
	kill 'CONT', $stopped;
	judge($kind, $name, $script, $told);
	return;
}

# Does what the client was told agree with what is there?
sub judge
{
	my ($kind, $name, $script, $told) = @_;
	$told //= outcome();
	ok($kind =~ /coordinator crash|terminate/, "$name: the client is not told") if $told eq '';
	if ($told eq '' || $kind eq 'terminate')
	{
		$_->{run}->kill_kill foreach $session, $gate;
		undef $session;
	}
	my $found = settled($name);
	if ($script =~ /ROLLBACK/) { is($found, $value, "$name: rolled back") }
	elsif ($told eq '00000') { is($found, ++$value, "$name: committed, as the client was told") }
	elsif ($told eq '' || $told eq '08007')
	{
		like($found, qr/^(?:$value|${\ ($value + 1)})$/, "$name: all or nothing");
		$value = $found;
	}
	else { is($found, $value, "$name: nothing happened, as the client was told ($told)") }
	$session->query_safe("SET statement_timeout = 0") if defined $session;
	return;
}

my $update = 'UPDATE account SET v = v + 1 WHERE';
my $block = "BEGIN; $update k = $here; $update k = $there;";
my $statement = "LAST\n$update $rows;";
# A hung node ends on a cancel; statement_timeout does not look after COMMIT, as
# in PostgreSQL.
my $hangs = qr/^(?:cancel|terminate|coordinator crash)$/;
my @steps = qw(commit_before_prepare commit_after_first_prepare commit_before_record commit_after_record
  commit_after_local commit_after_first_resolve commit_after_resolve);

foreach my $kind (sort keys %failure)
{
	run_case($_, $kind, "$block LAST\nCOMMIT;") foreach @steps;
	run_case('abort_before_rollback', $kind, "$block LAST\nROLLBACK;");
	run_hung($kind, "$block LAST\nCOMMIT;") if $kind =~ /$hangs/;
}
foreach my $kind ('cancel', 'cut connection', 'statement_timeout')
{
	run_case($_, $kind, $statement) foreach @steps;
}

# A single writer: its node's commit decides.
{
	local $rows = "k IN ($there, $also_there)";
	$cluster->sql('UPDATE account SET v = 0');
	local $value = 0;
	foreach my $kind (sort keys %failure)
	{
		run_case('commit_one_phase', $kind, "BEGIN; $update $rows; LAST\nCOMMIT;");
		run_hung($kind, "BEGIN; $update $rows; LAST\nCOMMIT;") if $kind =~ /$hangs/;
	}
}

done_testing();
