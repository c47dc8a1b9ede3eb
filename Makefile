# shardlite: build with PGXS; "make installcheck" runs every test ring.
EXTENSION = shardlite
EXTVERSION = 0.1
MODULE_big = shardlite
OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c src/*/*.c)))
HEADERS_built =
DATA_built = sql/shardlite--$(EXTVERSION).sql

# FAULT_POINTS=1 compiles the named fault points in (test builds only).
FAULT_POINTS ?= 0

PG_CPPFLAGS = -I$(srcdir)/src -I$(shell $(PG_CONFIG) --includedir)
ifeq ($(FAULT_POINTS),1)
PG_CPPFLAGS += -DSHARDLITE_FAULT_POINTS
endif
# The test build also compiles our own Assert()s in, on any server.
ifeq ($(ASSERTIONS),1)
PG_CPPFLAGS += -DUSE_ASSERT_CHECKING
endif
SHLIB_LINK = -lpq -lxxhash
EXTRA_CLEAN = sql/shardlite--$(EXTVERSION).sql

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

sql/shardlite--$(EXTVERSION).sql: sql/shardlite.sql
	cp $< $@

# A changed header rebuilds everything: the tree compiles in seconds.
$(OBJS): $(wildcard src/*.h src/*/*.h)
