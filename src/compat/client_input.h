/*
 * client_input.h
 *		The part of libpq/libpq.h that we need.
 *
 * That header includes GSSAPI's on servers built with it, which then would
 * have to be installed wherever we are built.
 */
#ifndef SHARDLITE_CLIENT_INPUT_H
#define SHARDLITE_CLIENT_INPUT_H

extern void pq_startmsgread(void);
extern void pq_endmsgread(void);
extern int	pq_peekbyte(void);
extern bool pq_buffer_has_data(void);

#endif							/* SHARDLITE_CLIENT_INPUT_H */
