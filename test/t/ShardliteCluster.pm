# ShardliteCluster: a coordinator and workers made of PostgreSQL::Test::Cluster
# nodes, for tests that stop, kill and restart servers.
#
#	my $cluster = ShardliteCluster->new(workers => 2);
#	$cluster->sql('CREATE TABLE t (k int)');		# coordinator; dies on error
#	$cluster->worker(1)->stop('immediate');			# a PostgreSQL::Test::Cluster
#
# Servers stop and their directories go when the test script ends.
package ShardliteCluster;

use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;

# Options: workers (default 2), conf (text for every node's postgresql.conf).
sub new
{
	my ($class, %option) = @_;
	my $workers = $option{workers} // 2;

	# Whoever runs the test; PostgreSQL::Test::Utils has forgotten PGUSER.
	$ENV{PGUSER} = 'postgres';
	my $self = bless { nodes => [] }, $class;

	foreach my $i (0 .. $workers)
	{
		my $node = PostgreSQL::Test::Cluster->new("node$i");
		$node->init(extra => [ '-U', 'postgres', '--encoding=UTF8', '--locale=C.UTF-8' ],
			auth_extra => [ '--create-role', 'postgres' ]);
		my $port = $node->port;
		$node->append_conf('postgresql.conf', <<EOT);
listen_addresses = '127.0.0.1'
shared_preload_libraries = 'shardlite'
max_prepared_transactions = 100
max_connections = 100
fsync = off
log_statement = 'none'
restart_after_crash = on
EOT
		$node->append_conf('postgresql.conf', $option{conf}) if $option{conf};
		# Nodes talk over TCP, and as the user who owns the extension.
		$node->append_conf('pg_hba.conf', <<EOT);
local all all trust
host all all 127.0.0.1/32 trust
EOT
		$node->start;
		push @{ $self->{nodes} }, $node;
	}
	$self->sql('CREATE EXTENSION shardlite');
	foreach my $i (1 .. $workers)
	{
		$self->sql("SELECT shardlite_add_node('127.0.0.1', " . $self->worker($i)->port . ')');
	}
	return $self;
}

sub coordinator { return $_[0]->{nodes}[0]; }

# Workers count from 1.
sub worker { return $_[0]->{nodes}[ $_[1] ]; }

# The coordinator first.
sub nodes { return @{ $_[0]->{nodes} }; }

# Result of a statement on the coordinator, columns by "|", rows by newline.
sub sql
{
	my ($self, $statement) = @_;
	return $self->coordinator->safe_psql('postgres', $statement);
}

# (exit code, stdout, stderr) of a script on the coordinator; does not die.
sub try_sql
{
	my ($self, $statement, %option) = @_;
	my ($out, $err) = ('', '');
	my $code = $self->coordinator->psql('postgres', $statement,
		stdout => \$out, stderr => \$err, on_error_stop => 1, %option);
	return ($code, $out, $err);
}

# Set shardlite.fault_point for every process of one node; '' ends it.
sub set_fault
{
	my ($self, $node, $setting) = @_;
	$node->safe_psql('postgres', "ALTER SYSTEM SET shardlite.fault_point = '$setting'");
	$node->reload;
}

# Wait until the coordinator takes connections again after a crash.
sub wait_for_coordinator
{
	my ($self) = @_;
	$self->coordinator->poll_query_until('postgres', 'SELECT true')
	  or die "the coordinator did not come back";
	return;
}

# Number of prepared transactions on all nodes.
sub prepared_count
{
	my ($self) = @_;
	my $sum = 0;
	$sum += $_->safe_psql('postgres', 'SELECT count(*) FROM pg_prepared_xacts')
	  foreach $self->nodes;
	return $sum;
}

# Wait until no node has a prepared transaction; false after the timeout.
sub wait_until_resolved
{
	my ($self) = @_;
	foreach (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		return 1 if $self->prepared_count == 0;
		select(undef, undef, undef, 0.1);
	}
	return 0;
}

1;
