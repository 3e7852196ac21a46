-- Answered from the file's footer: look at the bytes fetched.
SELECT count(*) AS flights
FROM 'flights-3m.parquet'
