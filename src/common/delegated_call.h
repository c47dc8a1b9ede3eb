/*
 * delegated_call.h
 *		A function or procedure that runs on another node than the client's.
 *
 * Another node has sent nothing but the call.  What the function does must
 * then look as if it had run there: so it uses rows of this node only, and
 * nothing that belongs to a session or to one server (settings, temporary
 * tables, advisory locks, ...).  Where it tries, it is refused, which takes
 * everything back that it did, and the other node runs the function itself.
 */
#ifndef SHARDLITE_DELEGATED_CALL_H
#define SHARDLITE_DELEGATED_CALL_H

/* How the text of such a call begins; the node session recognises it. */
#define DELEGATED_CALL "/* delegated call */ "

/* SQLSTATE of a refusal. */
#define ERRCODE_CALL_NOT_DELEGATED MAKE_SQLSTATE('S', 'L', '0', '0', '1')

/* Does this backend run such a call now? */
extern bool in_delegated_call(void);

/*
 * It tries what it cannot do here: error.  An exception block of the function
 * may catch that, so it is also remembered.
 */
extern void delegated_call_refuse(const char *what) pg_attribute_noreturn();

/*
 * May an error with this SQLSTATE come from running on another node than the
 * client's?  A missing table may be one that only the client's has.
 */
extern bool delegated_call_is_refusal(int sqlcode);

/* Remember a refusal where no error can be thrown. */
extern void delegated_call_spoil(void);

/* Error if something has been refused since the last reset. */
extern void delegated_call_check(void);

/* A call begins, or the transaction has ended. */
extern void delegated_call_reset(void);

#endif							/* SHARDLITE_DELEGATED_CALL_H */
