-- Fill the tables of schema.sql from the files that tools/package_index made in
-- the current directory.
\set ON_ERROR_STOP on
\copy section FROM 'section.tsv'
\copy maintainer FROM 'maintainer.tsv'
\copy package FROM 'package.tsv'
\copy dependency FROM 'dependency.tsv'
ANALYZE section, maintainer, package, dependency;
