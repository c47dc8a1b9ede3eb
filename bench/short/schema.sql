-- A key-value table with its history, and the tables of TPC-B with a tenant in every key.
CREATE TABLE kv (key int PRIMARY KEY, val text, n int NOT NULL DEFAULT 0);
CREATE TABLE history (key int, delta int, at timestamptz DEFAULT now());

CREATE TABLE branches (tid int PRIMARY KEY, balance int NOT NULL, filler char(88));
CREATE TABLE tellers (tid int, id int, balance int NOT NULL, filler char(84), PRIMARY KEY (tid, id));
CREATE TABLE accounts (tid int, id int, balance int NOT NULL, filler char(84), PRIMARY KEY (tid, id));
CREATE TABLE payments (tid int, teller int, account int, delta int, at timestamptz, filler char(22));

CREATE PROCEDURE pay(tenant int, teller int, account int, delta int) LANGUAGE plpgsql AS $$
BEGIN
	UPDATE accounts SET balance = balance + delta WHERE tid = tenant AND id = account;
	UPDATE tellers SET balance = balance + delta WHERE tid = tenant AND id = teller;
	INSERT INTO payments (tid, teller, account, delta, at) VALUES (tenant, teller, account, delta, now());
END $$;
