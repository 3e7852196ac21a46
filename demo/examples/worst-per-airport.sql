-- The three latest flights from each of the busiest airports.
WITH late AS (
  SELECT origin, date, destination, delay,
         row_number() OVER (
           PARTITION BY origin ORDER BY delay DESC, date
         ) AS place,
         count(*) OVER (PARTITION BY origin) AS flights
  FROM 'flights-3m.parquet'
  WHERE delay > 120
)
SELECT origin, place, date, destination, delay
FROM late
WHERE place <= 3 AND flights > 1000
ORDER BY flights DESC, origin, place
