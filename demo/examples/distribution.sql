-- How delays are distributed, in steps of 15 minutes.
SELECT 15 * floor(delay / 15)::INTEGER AS from_minutes,
       count(*) AS flights,
       bar(count(*), 0, 1500000, 40) AS picture
FROM 'flights-3m.parquet'
WHERE delay BETWEEN -30 AND 179
GROUP BY from_minutes
ORDER BY from_minutes
