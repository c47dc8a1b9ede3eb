-- A million events of 50,000 users, about 100,000 items.
CREATE TABLE events (
	user_id int NOT NULL,
	id bigint NOT NULL,
	item_id int NOT NULL,
	grp int NOT NULL,
	kind int NOT NULL,
	channel text NOT NULL,
	amount int NOT NULL,
	price numeric(10,2) NOT NULL,
	at timestamptz NOT NULL,
	payload text NOT NULL,
	PRIMARY KEY (user_id, id)
);
CREATE TABLE users (
	user_id int PRIMARY KEY,
	region int NOT NULL,
	name text NOT NULL
);
CREATE TABLE items (
	item_id int PRIMARY KEY,
	code int NOT NULL,
	category int NOT NULL,
	title text NOT NULL
);
CREATE TABLE kinds (
	kind int PRIMARY KEY,
	name text NOT NULL
);
-- What the INSERT ... SELECT statements fill.
CREATE TABLE events_by_user (user_id int, id bigint, amount int);
CREATE TABLE events_by_item (item_id int, id bigint, amount int);
CREATE TABLE sums_by_grp (grp int, n bigint, amount bigint);
