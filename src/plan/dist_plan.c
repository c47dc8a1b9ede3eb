/*
 * dist_plan.c
 *		DistPlan, LockPlan and ModifyPlan to and from CustomScan.custom_private.
 *
 * The encoded form is a flat List in field order, its first element the
 * CustomScan's name: Integers for scalars (an Oid is stored as its 32 bits),
 * Lists for lists.  Plans never leave the server process, so the form has no
 * version; writer and reader below must name the same fields in the same
 * order.
 */
#include "postgres.h"

#include "nodes/value.h"
#include "plan/dist_plan.h"

/* Walks over an encoded plan. */
typedef struct PlanReader
{
	List	   *list;
	int			pos;
}			PlanReader;

static void *
read_node(PlanReader * reader)
{
	if (reader->pos >= list_length(reader->list))
		elog(ERROR, "encoded distributed plan is too short");
	return list_nth(reader->list, reader->pos++);
}

static int
read_int(PlanReader * reader)
{
	return intVal(read_node(reader));
}

/* Start reading a plan whose first element must be name. */
static PlanReader
reader_start(List *encoded, const char *name)
{
	PlanReader	reader = {encoded, 0};

	if (strcmp(strVal(read_node(&reader)), name) != 0)
		elog(ERROR, "encoded distributed plan is not a %s", name);
	return reader;
}

static List *
append_int(List *list, int value)
{
	return lappend(list, makeInteger(value));
}

/* NULL is kept. */
static List *
append_string(List *list, char *value)
{
	return lappend(list, value == NULL ? NULL : makeString(value));
}

static char *
read_string(PlanReader * reader)
{
	Node	   *node = read_node(reader);

	return node == NULL ? NULL : strVal(node);
}

static List *
append_text(List *list, const FragmentText * text)
{
	list = lappend(list, text->pieces);
	return lappend(list, text->markers);
}

static FragmentText
read_text(PlanReader * reader)
{
	FragmentText text;

	text.pieces = read_node(reader);
	text.markers = read_node(reader);
	return text;
}

/*
 * Encode a plan.  The result shares the plan's lists.
 */
List *
dist_plan_encode(const DistPlan * plan)
{
	static uint64 last_serial = 0;
	List	   *list = list_make1(makeString(pstrdup(DIST_SCAN_NAME)));

	last_serial++;
	list = append_int(list, (int) (last_serial >> 32));
	list = append_int(list, (int) last_serial);
	list = append_int(list, plan->operation);
	list = append_int(list, plan->tier);
	list = append_int(list, plan->colocation_id);
	list = append_int(list, plan->target);
	list = append_int(list, plan->nparams);
	list = append_int(list, plan->nkeys);
	list = append_int(list, plan->returns_rows);
	list = append_int(list, plan->writes);
	list = append_int(list, plan->locks);
	list = append_int(list, plan->whole_statement);
	list = append_int(list, plan->one_row);
	list = append_int(list, plan->aggregate);
	list = append_int(list, plan->does);
	list = append_text(list, &plan->text);
	list = append_string(list, plan->node_head);
	list = append_string(list, plan->node_tail);
	list = append_string(list, plan->refused);
	list = append_string(list, plan->refused_costs);
	list = lappend(list, plan->sort);
	list = lappend(list, plan->fill);
	list = append_int(list, (int) plan->fill_tableoid);
	list = append_int(list, plan->row_id_rti);
	list = append_int(list, plan->row_id_leaf);
	list = lappend(list, plan->source_keys);
	list = lappend(list, plan->source_params);
	list = lappend(list, plan->source_exchanges);
	list = append_int(list, plan->before_writes);
	list = append_int(list, plan->fragment_cost);
	list = append_text(list, &plan->refetch);
	list = append_int(list, plan->refetch_param);
	return append_int(list, (int) plan->function);
}

uint64
dist_plan_serial(const List *encoded)
{
	return (uint64) (uint32) intVal(list_nth(encoded, 1)) << 32 |
		(uint32) intVal(list_nth(encoded, 2));
}

/*
 * The inverse.  The struct is palloc'd, its lists belong to the encoded form.
 */
DistPlan *
dist_plan_decode(List *encoded)
{
	DistPlan   *plan = palloc0(sizeof(DistPlan));
	PlanReader	reader = reader_start(encoded, DIST_SCAN_NAME);

	plan->serial = dist_plan_serial(encoded);
	reader.pos += 2;
	plan->operation = (CmdType) read_int(&reader);
	plan->tier = read_int(&reader);
	plan->colocation_id = read_int(&reader);
	plan->target = (FragmentTarget) read_int(&reader);
	plan->nparams = read_int(&reader);
	plan->nkeys = read_int(&reader);
	plan->returns_rows = read_int(&reader);
	plan->writes = read_int(&reader);
	plan->locks = read_int(&reader);
	plan->whole_statement = read_int(&reader);
	plan->one_row = read_int(&reader);
	plan->aggregate = (FragmentAggregate) read_int(&reader);
	plan->does = read_int(&reader);
	plan->text = read_text(&reader);
	plan->node_head = read_string(&reader);
	plan->node_tail = read_string(&reader);
	plan->refused = read_string(&reader);
	plan->refused_costs = read_string(&reader);
	plan->sort = read_node(&reader);
	plan->fill = read_node(&reader);
	plan->fill_tableoid = (Oid) read_int(&reader);
	plan->row_id_rti = read_int(&reader);
	plan->row_id_leaf = read_int(&reader);
	plan->source_keys = read_node(&reader);
	plan->source_params = read_node(&reader);
	plan->source_exchanges = read_node(&reader);
	plan->before_writes = read_int(&reader);
	plan->fragment_cost = read_int(&reader);
	plan->refetch = read_text(&reader);
	plan->refetch_param = read_int(&reader);
	plan->function = (Oid) read_int(&reader);
	return plan;
}

/*
 * Encode a plan.  The result shares the plan's lists.
 */
List *
modify_plan_encode(const ModifyPlan * plan)
{
	List	   *list = list_make1(makeString(pstrdup(DIST_MODIFY_NAME)));

	list = append_int(list, plan->operation);
	list = append_int(list, (int) plan->relid);
	list = append_int(list, plan->result_rti);
	list = append_int(list, plan->colocation_id);
	list = append_int(list, plan->returns_rows);
	list = append_int(list, plan->can_set_tag);
	list = lappend(list, plan->sent);
	list = lappend(list, plan->row_types);
	list = append_int(list, plan->key_resno);
	list = append_int(list, plan->row_id_resno);
	list = append_int(list, plan->row_id_leaf);
	list = append_int(list, plan->nkeycols);
	list = append_int(list, plan->ntailparams);
	list = append_int(list, plan->do_nothing);
	list = append_int(list, plan->do_update);
	list = append_text(list, &plan->head);
	list = append_text(list, &plan->tail);
	list = append_text(list, &plan->move_delete);
	list = append_text(list, &plan->move_insert);
	list = lappend(list, plan->move_sent);
	list = lappend(list, plan->move_types);
	list = lappend(list, plan->fill);
	list = append_int(list, (int) plan->fill_tableoid);
	list = lappend(list, plan->child_fill);
	list = lappend(list, plan->checks);
	list = lappend(list, plan->check_row);
	list = lappend(list, plan->check_given);
	list = lappend(list, plan->actions);
	list = append_int(list, plan->matched);
	return append_int(list, plan->ncolumns);
}

/*
 * The inverse.  The struct is palloc'd, its lists belong to the encoded form.
 */
ModifyPlan *
modify_plan_decode(List *encoded)
{
	ModifyPlan *plan = palloc0(sizeof(ModifyPlan));
	PlanReader	reader = reader_start(encoded, DIST_MODIFY_NAME);

	plan->operation = (CmdType) read_int(&reader);
	plan->relid = (Oid) read_int(&reader);
	plan->result_rti = read_int(&reader);
	plan->colocation_id = read_int(&reader);
	plan->returns_rows = read_int(&reader);
	plan->can_set_tag = read_int(&reader);
	plan->sent = read_node(&reader);
	plan->row_types = read_node(&reader);
	plan->key_resno = read_int(&reader);
	plan->row_id_resno = read_int(&reader);
	plan->row_id_leaf = read_int(&reader);
	plan->nkeycols = read_int(&reader);
	plan->ntailparams = read_int(&reader);
	plan->do_nothing = read_int(&reader);
	plan->do_update = read_int(&reader);
	plan->head = read_text(&reader);
	plan->tail = read_text(&reader);
	plan->move_delete = read_text(&reader);
	plan->move_insert = read_text(&reader);
	plan->move_sent = read_node(&reader);
	plan->move_types = read_node(&reader);
	plan->fill = read_node(&reader);
	plan->fill_tableoid = (Oid) read_int(&reader);
	plan->child_fill = read_node(&reader);
	plan->checks = read_node(&reader);
	plan->check_row = read_node(&reader);
	plan->check_given = read_node(&reader);
	plan->actions = read_node(&reader);
	plan->matched = read_int(&reader);
	plan->ncolumns = read_int(&reader);
	return plan;
}

/* The result shares the plan's lists. */
List *
lock_plan_encode(const LockPlan * plan)
{
	List	   *list = list_make1(makeString(pstrdup(DIST_LOCK_NAME)));

	list = lappend(list, plan->marks);
	list = append_int(list, plan->limited);
	list = append_int(list, plan->bounded);
	list = append_int(list, plan->skips);
	return append_int(list, plan->epq_param);
}

/*
 * The inverse.  The struct is palloc'd, its list belongs to the encoded form.
 */
LockPlan *
lock_plan_decode(List *encoded)
{
	LockPlan   *plan = palloc0(sizeof(LockPlan));
	PlanReader	reader = reader_start(encoded, DIST_LOCK_NAME);

	plan->marks = read_node(&reader);
	plan->limited = read_int(&reader);
	plan->bounded = read_int(&reader);
	plan->skips = read_int(&reader);
	plan->epq_param = read_int(&reader);
	return plan;
}

List *
batch_plan_encode(const BatchPlan * plan)
{
	List	   *list = list_make4(makeString(pstrdup(DIST_BATCH_NAME)), plan->params, plan->scans,
								  makeInteger(plan->harmless));

	list = lappend(lappend(list, plan->rehearsed), plan->rehearsals);
	return lappend(lappend(list, plan->subplans), plan->fixed);
}

BatchPlan *
batch_plan_decode(List *encoded)
{
	BatchPlan  *plan = palloc0(sizeof(BatchPlan));
	PlanReader	reader = reader_start(encoded, DIST_BATCH_NAME);

	plan->params = read_node(&reader);
	plan->scans = read_node(&reader);
	plan->harmless = read_int(&reader);
	plan->rehearsed = read_node(&reader);
	plan->rehearsals = read_node(&reader);
	plan->subplans = read_node(&reader);
	plan->fixed = read_node(&reader);
	return plan;
}

/* Is this CustomScan ours, going by the name its methods registered? */
static bool
has_name(const CustomScan *scan, const char *name)
{
	return scan->methods != NULL &&
		strcmp(scan->methods->CustomName, name) == 0;
}

bool
is_dist_scan(const CustomScan *scan)
{
	return has_name(scan, DIST_SCAN_NAME);
}

bool
is_dist_modify(const CustomScan *scan)
{
	return has_name(scan, DIST_MODIFY_NAME);
}

bool
is_dist_lock(const CustomScan *scan)
{
	return has_name(scan, DIST_LOCK_NAME);
}

bool
is_dist_batch(const CustomScan *scan)
{
	return has_name(scan, DIST_BATCH_NAME);
}
