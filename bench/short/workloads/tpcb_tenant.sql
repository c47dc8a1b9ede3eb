\set t random(1, 100)
\set teller random(1, 10)
\set account random(1, 1000)
\set delta random(-5000, 5000)
BEGIN;
UPDATE accounts SET balance = balance + :delta WHERE tid = :t AND id = :account;
SELECT balance FROM accounts WHERE tid = :t AND id = :account;
UPDATE tellers SET balance = balance + :delta WHERE tid = :t AND id = :teller;
UPDATE branches SET balance = balance + :delta WHERE tid = :t;
INSERT INTO payments (tid, teller, account, delta, at) VALUES (:t, :teller, :account, :delta, now());
COMMIT;
