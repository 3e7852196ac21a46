-- More than fifteen hours late, the worst first.
SELECT date, origin, destination, distance, delay,
       round(delay / 60, 1) AS hours
FROM 'flights-3m.parquet'
WHERE delay > 900
ORDER BY delay DESC, date
