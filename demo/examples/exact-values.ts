import type { Session } from 'lakefront'

// What went in comes out. In JavaScript BIGINT is a bigint,
// DECIMAL and HUGEINT are exact text, BLOB is a Uint8Array.
export default (db: Session) =>
  db.sql(String.raw`
SELECT 170141183460469231731687303715884105727 AS hugeint,
       9007199254740993::BIGINT AS bigint,
       0.1::DECIMAL(38, 9) + 12345678901234567890 AS decimal,
       0.1::DOUBLE + 0.2::DOUBLE AS double,
       TIMESTAMP '2001-04-01 06:30:00.123456' AS timestamp,
       INTERVAL '2 months 3 days 04:05:06' AS interval,
       '6d3f0bd5-3c6c-4b2e-9c0b-2f1f1a3a5a77'::UUID AS uuid,
       '' AS empty, NULL AS nothing,
       '\x00\xFFbytes'::BLOB AS blob,
       ['ORD', NULL, 'SFO'] AS list,
       {'city': 'Chicago', 'runways': 8} AS struct,
       MAP {'ORD': 1, 'MDW': 2} AS map`)
