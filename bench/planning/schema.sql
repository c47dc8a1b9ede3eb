-- Five tables that an application joins, in the current schema.
CREATE TABLE tenants (tenant_id int PRIMARY KEY, country_id int NOT NULL, name text NOT NULL);
CREATE TABLE customers (
	tenant_id int NOT NULL,
	customer_id int NOT NULL,
	name text NOT NULL,
	PRIMARY KEY (tenant_id, customer_id)
);
CREATE TABLE orders (
	tenant_id int NOT NULL,
	order_id int NOT NULL,
	customer_id int NOT NULL,
	status int NOT NULL,
	placed date NOT NULL,
	PRIMARY KEY (tenant_id, order_id)
);
CREATE TABLE items (
	tenant_id int NOT NULL,
	order_id int NOT NULL,
	line int NOT NULL,
	product_id int NOT NULL,
	price int NOT NULL,
	PRIMARY KEY (tenant_id, order_id, line)
);
CREATE TABLE products (tenant_id int NOT NULL, product_id int NOT NULL, title text NOT NULL, PRIMARY KEY (tenant_id, product_id));
-- The same on every node of a cluster.
CREATE TABLE countries (country_id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE statuses (status int PRIMARY KEY, name text NOT NULL);
-- Distributed by a key of their own.
CREATE TABLE parts (part_id int PRIMARY KEY, maker_id int NOT NULL, title text NOT NULL);
CREATE TABLE makers (maker_id int PRIMARY KEY, name text NOT NULL);
