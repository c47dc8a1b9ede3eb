-- Rows for the tables of schema.sql, by the functions of ../random.sql; psql
-- variable "scale" is TPC-H's scale factor.  Values follow section 4.2.3 of the
-- specification as far as the 22 queries can see them.

CREATE FUNCTION cents(amount int) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN amount * 0.01;

CREATE FUNCTION phone(key bigint, nation int) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (10 + nation) || '-' || rnd(key, 901, 100, 999) || '-' || rnd(key, 902, 100, 999) || '-' || rnd(key, 903, 1000, 9999);

CREATE FUNCTION retail_cents(partkey int) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 90000 + (partkey / 10) % 20001 + 100 * (partkey % 1000);

SELECT (10000 * :scale)::int AS suppliers, (200000 * :scale)::int AS parts,
	(150000 * :scale)::int AS customers, (1500000 * :scale)::int AS orders \gset

-- Which of its four suppliers (0 to 3) a part has.
CREATE FUNCTION supplier_of(partkey int, i int, suppliers int) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (partkey + i * (suppliers / 4 + (partkey - 1) / suppliers)) % suppliers + 1;

-- Comments are beginnings of these; "special ... requests" is in about 1 of 100.
CREATE TEMP TABLE phrase AS
SELECT p AS id, (
	SELECT string_agg(pick('{special,requests,packages,deposits,accounts,instructions,theodolites,foxes,pinto,beans,ideas,
		dependencies,excuses,platelets,asymptotes,courts,dolphins,multipliers,sauternes,warthogs,frets,dinos,furiously,
		carefully,quickly,slyly,blithely,sleep,haggle,nag,wake,cajole,detect,integrate,final,express,regular,ironic,
		unusual,pending,silent,even,bold}', p * 100 + w, 1), ' ' ORDER BY w)
	FROM generate_series(1, 30) w) AS words
FROM generate_series(0, 8191) p;

INSERT INTO region
SELECT i - 1, name, 'the region of ' || lower(name)
FROM unnest('{AFRICA,AMERICA,ASIA,EUROPE,"MIDDLE EAST"}'::text[]) WITH ORDINALITY r (name, i);

INSERT INTO nation
SELECT i - 1, name, region, 'the nation of ' || lower(name)
FROM unnest('{ALGERIA,ARGENTINA,BRAZIL,CANADA,EGYPT,ETHIOPIA,FRANCE,GERMANY,INDIA,INDONESIA,IRAN,IRAQ,JAPAN,JORDAN,KENYA,
		MOROCCO,MOZAMBIQUE,PERU,CHINA,ROMANIA,"SAUDI ARABIA",VIETNAM,RUSSIA,"UNITED KINGDOM","UNITED STATES"}'::text[],
	'{0,1,1,1,4,0,3,3,2,2,4,4,2,4,0,0,0,1,2,3,4,2,3,3,1}'::int[]) WITH ORDINALITY n (name, region, i);

INSERT INTO supplier
SELECT s, 'Supplier#' || lpad(s::text, 9, '0'), md5(s::text), nation, phone(s, nation), cents(rnd(s, 12, -99999, 999999)),
	left(CASE s % 2000 WHEN 17 THEN 'slyly Customer of the Complaints ' WHEN 1017 THEN 'bold Customer final Recommends ' ELSE '' END
		|| words, rnd(s, 13, 45, 101))
FROM (SELECT s, rnd(s, 11, 0, 24) AS nation FROM generate_series(1, :suppliers) s) t
	JOIN phrase ON id = rnd(s, 14, 0, 8191);

INSERT INTO part
SELECT p, concat_ws(' ', colours[c], colours[(c + d - 1) % 92 + 1], colours[(c + 2 * d - 1) % 92 + 1],
		colours[(c + 3 * d - 1) % 92 + 1], colours[(c + 4 * d - 1) % 92 + 1]),
	'Manufacturer#' || m, 'Brand#' || m || rnd(p, 24, 1, 5),
	pick('{STANDARD,SMALL,MEDIUM,LARGE,ECONOMY,PROMO}', p, 25) || ' ' || pick('{ANODIZED,BURNISHED,PLATED,POLISHED,BRUSHED}', p, 26)
		|| ' ' || pick('{TIN,NICKEL,BRASS,STEEL,COPPER}', p, 27),
	rnd(p, 28, 1, 50),
	pick('{SM,LG,MED,JUMBO,WRAP}', p, 29) || ' ' || pick('{CASE,BOX,BAG,JAR,PKG,PACK,CAN,DRUM}', p, 30),
	cents(retail_cents(p)), left(words, rnd(p, 31, 5, 22))
FROM (SELECT p, rnd(p, 21, 1, 92) AS c, rnd(p, 22, 1, 22) AS d, rnd(p, 23, 1, 5) AS m FROM generate_series(1, :parts) p OFFSET 0) t
	JOIN phrase ON id = rnd(p, 32, 0, 8191),
	(SELECT '{almond,antique,aquamarine,azure,beige,bisque,black,blanched,blue,blush,brown,burlywood,burnished,chartreuse,chiffon,
		chocolate,coral,cornflower,cornsilk,cream,cyan,dark,deep,dim,dodger,drab,firebrick,floral,forest,frosted,gainsboro,ghost,
		goldenrod,green,grey,honeydew,hot,indian,ivory,khaki,lace,lavender,lawn,lemon,light,lime,linen,magenta,maroon,medium,metallic,
		midnight,mint,misty,moccasin,navajo,navy,olive,orange,orchid,pale,papaya,peach,peru,pink,plum,powder,puff,purple,red,rose,
		rosy,royal,saddle,salmon,sandy,seashell,sienna,sky,slate,smoke,snow,spring,steel,tan,thistle,tomato,turquoise,violet,wheat,
		white,yellow}'::text[] AS colours) words_of_names;

INSERT INTO partsupp
SELECT p, supplier_of(p, i, :suppliers), rnd(k, 41, 1, 9999), cents(rnd(k, 42, 100, 100000)), left(words, rnd(k, 43, 49, 198))
FROM (SELECT p, i, p::bigint * 4 + i AS k FROM generate_series(1, :parts) p, generate_series(0, 3) i) t
	JOIN phrase ON id = rnd(k, 44, 0, 8191);

INSERT INTO customer
SELECT c, 'Customer#' || lpad(c::text, 9, '0'), md5('c' || c), nation, phone(c + 100000000, nation), cents(rnd(c, 52, -99999, 999999)),
	pick('{AUTOMOBILE,BUILDING,FURNITURE,HOUSEHOLD,MACHINERY}', c, 53), left(words, rnd(c, 54, 29, 116))
FROM (SELECT c, rnd(c, 51, 0, 24) AS nation FROM generate_series(1, :customers) c OFFSET 0) t
	JOIN phrase ON id = rnd(c, 55, 0, 8191);

-- An order's customer (never one whose number 3 divides), day and number of
-- lines come first; status and total follow from its lines.  Of 32 keys 8 are used.
CREATE TEMP TABLE order_seed AS
SELECT o::bigint / 8 * 32 + o % 8 + 1 AS key, c + (c - 1) / 2 AS custkey, day, lines
FROM (SELECT o, rnd(o, 61, 1, :customers * 2 / 3) AS c, date '1992-01-01' + rnd(o, 62, 0, 2405) AS day, rnd(o, 63, 1, 7) AS lines
	FROM generate_series(0, :orders - 1) o OFFSET 0) t;

INSERT INTO lineitem
SELECT key, partkey, supplier_of(partkey, rnd(k, 72, 0, 3), :suppliers), line, quantity, cents(quantity * retail_cents(partkey)),
	cents(rnd(k, 74, 0, 10)), cents(rnd(k, 75, 0, 8)),
	CASE WHEN received > '1995-06-17' THEN 'N' WHEN rnd(k, 76, 0, 1) = 0 THEN 'R' ELSE 'A' END,
	CASE WHEN shipped > '1995-06-17' THEN 'O' ELSE 'F' END,
	shipped, day + rnd(k, 78, 30, 90), received,
	pick('{DELIVER IN PERSON,COLLECT COD,NONE,TAKE BACK RETURN}', k, 79), pick('{REG AIR,AIR,RAIL,SHIP,TRUCK,MAIL,FOB}', k, 80),
	left(words, rnd(k, 81, 10, 43))
FROM (SELECT *, shipped + rnd(k, 83, 1, 30) AS received
	FROM (SELECT key, day, line, k, rnd(k, 71, 1, :parts) AS partkey, rnd(k, 73, 1, 50) AS quantity, day + rnd(k, 77, 1, 121) AS shipped
		FROM (SELECT key, day, line, key * 8 + line AS k FROM order_seed, generate_series(1, lines) line) l OFFSET 0) s OFFSET 0) r
	JOIN phrase ON id = rnd(k, 82, 0, 8191);

INSERT INTO orders
SELECT key, custkey, status, total, day, pick('{1-URGENT,2-HIGH,3-MEDIUM,4-NOT SPECIFIED,5-LOW}', key, 91),
	'Clerk#' || lpad(rnd(key, 92, 1, greatest(1, (1000 * :scale)::int))::text, 9, '0'), 0, left(words, rnd(key, 93, 19, 78))
FROM order_seed
	JOIN (SELECT l_orderkey, sum(l_extendedprice * (1 + l_tax) * (1 - l_discount)) AS total,
			CASE WHEN min(l_linestatus) = max(l_linestatus) THEN min(l_linestatus) ELSE 'P' END AS status
		FROM lineitem GROUP BY l_orderkey) l ON l_orderkey = key
	JOIN phrase ON id = rnd(key, 94, 0, 8191);
