\set t random(1, 100)
\set teller random(1, 10)
\set account random(1, 1000)
\set delta random(-5000, 5000)
CALL pay(:t, :teller, :account, :delta);
