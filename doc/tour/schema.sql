-- The package index of a Debian machine, spread over the cluster.
\set ON_ERROR_STOP on
SET client_min_messages = warning;

CREATE TABLE section (name text PRIMARY KEY);
CREATE TABLE maintainer (id int PRIMARY KEY, name text NOT NULL, email text);
CREATE TABLE package (
	name text PRIMARY KEY,
	version text NOT NULL,
	section text NOT NULL REFERENCES section,
	area text NOT NULL,
	maintainer int NOT NULL REFERENCES maintainer,
	architecture text,
	priority text,
	installed_size bigint,			-- kB
	size bigint,					-- bytes to download
	homepage text,
	description text
);
-- One row per alternative: "a | b, c" has positions 1 and 2, and a and b are
-- alternatives 1 and 2 of position 1.
CREATE TABLE dependency (
	package text NOT NULL REFERENCES package,
	kind text NOT NULL,
	position int NOT NULL,
	alternative int NOT NULL,
	needs text NOT NULL,
	condition text,
	PRIMARY KEY (package, kind, position, alternative)
);
CREATE INDEX ON dependency (needs);

-- Small tables are copied to every node; large ones are split by a key.
SELECT create_reference_table('section');
SELECT create_reference_table('maintainer');
SELECT create_distributed_table('package', 'name');
SELECT create_distributed_table('dependency', 'package', colocate_with => 'package');
