/*
 * modify_text.h
 *		The texts of a ModifyPlan.
 */
#ifndef SHARDLITE_MODIFY_TEXT_H
#define SHARDLITE_MODIFY_TEXT_H

#include "nodes/pathnodes.h"
#include "utils/rel.h"

#include "plan/dist_plan.h"

/* SQL name of a type for a cast, qualified and without modifier. */
extern char *modify_type_name(Oid type);

/*
 * Fill the plan's texts.  returning: Vars of the target that the fragments
 * send; insert_attnos/assigned: columns of the row list, in order; key_attnos:
 * reference tables' row key.  Appends ON CONFLICT's values to *tail_params.
 */
extern void modify_text_insert(ModifyPlan * plan, PlannerInfo *root,
							   Relation relation, List *attnos,
							   List *returning, List **tail_params);
extern void modify_text_update(ModifyPlan * plan, Relation relation,
							   List *assigned, List *key_attnos,
							   List *returning);
extern void modify_text_move(ModifyPlan * plan, Relation relation,
							 List *attnos, List *returning);

#endif							/* SHARDLITE_MODIFY_TEXT_H */
