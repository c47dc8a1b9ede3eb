# shardlite: build with PGXS; "make installcheck" runs every test ring.
EXTENSION = shardlite
EXTVERSION = 0.1
MODULE_big = shardlite
OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c src/*/*.c)))
HEADERS_built =
DATA_built = sql/shardlite--$(EXTVERSION).sql

# The real targets come from PGXS; it would take ours for the default.
all:

# FAULT_POINTS=1 compiles the named fault points in (test builds only).
FAULT_POINTS ?= 0

PG_CPPFLAGS = -I$(srcdir)/src -I$(shell $(PG_CONFIG) --includedir)
PG_CPPFLAGS += -DSHARDLITE_VERSION='"$(EXTVERSION)"'
ifeq ($(FAULT_POINTS),1)
PG_CPPFLAGS += -DSHARDLITE_FAULT_POINTS
endif
# The test build also compiles our own Assert()s in, on any server.
ifeq ($(ASSERTIONS),1)
PG_CPPFLAGS += -DUSE_ASSERT_CHECKING
endif
SHLIB_LINK = -lpq -lxxhash
FAULT_POINTS_H = src/common/fault_points_gen.h
EXTRA_CLEAN = $(FAULT_POINTS_H) tmp_check

# Ours below: every ring, on servers of its own.
NO_INSTALLCHECK = 1

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

sql/shardlite--$(EXTVERSION).sql: sql/shardlite.sql
	cp $< $@

$(FAULT_POINTS_H): fault_points.txt tools/gen_fault_points
	tools/gen_fault_points $< > $@.new && mv $@.new $@

# A changed header rebuilds everything: the tree compiles in seconds.
$(OBJS) $(OBJS:.o=.bc): $(FAULT_POINTS_H) $(wildcard src/*.h src/*/*.h)

# These build in tmp_check/ and install into a PostgreSQL of their own, so that
# what is installed stays as it is.
.PHONY: installcheck regress isolation tap fuzz sqlsmith lint bench quickstart
installcheck:
	PG_CONFIG='$(PG_CONFIG)' test/run
regress isolation tap lint:
	PG_CONFIG='$(PG_CONFIG)' test/run $@
fuzz:
	PG_CONFIG='$(PG_CONFIG)' SEED='$(SEED)' COUNT='$(COUNT)' test/run fuzz
sqlsmith:
	PG_CONFIG='$(PG_CONFIG)' SEED='$(SEED)' MINUTES='$(MINUTES)' test/run sqlsmith
# BENCH="short --seconds 10 point_select", for instance.
bench:
	@set -e; dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; chmod 755 "$$dir"; \
	own=$$(PG_CONFIG='$(PG_CONFIG)' tools/private_install tmp_check/release "$$dir"); \
	set -- $(BENCH); suite=$${1:-short}; [ $$# = 0 ] || shift; \
	bench/run "$$suite" --pg-config "$$own" "$$@"
quickstart:
	PG_CONFIG='$(PG_CONFIG)' ./quickstart
