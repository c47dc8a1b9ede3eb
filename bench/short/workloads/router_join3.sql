\set t random(1, 100)
\set teller random(1, 10)
\set account random(1, 1000)
SELECT a.balance, t.balance, b.balance FROM accounts a JOIN tellers t USING (tid) JOIN branches b USING (tid) WHERE tid = :t AND a.id = :account AND t.id = :teller;
