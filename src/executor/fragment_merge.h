/*
 * fragment_merge.h
 *		Rows of fragments that each arrive sorted, as one sorted stream.
 */
#ifndef SHARDLITE_FRAGMENT_MERGE_H
#define SHARDLITE_FRAGMENT_MERGE_H

#include "executor/fragment_run.h"

typedef struct FragmentMerge FragmentMerge;

/*
 * sort as in DistPlan, its columns those of the run's rows.  The run has been
 * flushed; the merge lives in its memory and ends with it.
 */
extern FragmentMerge * fragment_merge_create(FragmentRun * run, List *sort);

/*
 * Store the next row in a virtual slot; false at the end.  The row stays valid
 * until the next call.
 */
extern bool fragment_merge_next(FragmentMerge * merge, TupleTableSlot *slot);

#endif							/* SHARDLITE_FRAGMENT_MERGE_H */
