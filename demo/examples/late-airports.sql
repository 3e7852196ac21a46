-- Where is a flight most often more than 15 minutes late?
SELECT origin,
       count(*) AS flights,
       round(100 * avg((delay > 15)::INT), 1) AS late_percent,
       round(avg(delay), 1) AS mean_delay,
       max(delay) AS worst_delay
FROM 'flights-3m.parquet'
GROUP BY origin
HAVING count(*) >= 30000
ORDER BY late_percent DESC
LIMIT 15
