-- Writes keys and the checkpoint, or nothing.
-- KEYS: the checkpoint, then the keys.
-- ARGV: the checkpoint that is expected and the one that is to be, '' for none; whether keys are to be checked; then
-- for each key whether it is there before ('1' or '0'), whether it is to be there, and its value.
local expected, now, checked = ARGV[1], ARGV[2], ARGV[3] == '1'
if (redis.call('GET', KEYS[1]) or '') ~= expected then
  return {'moved'}
end
if checked then
  for at = 2, #KEYS do
    local there = tostring(redis.call('EXISTS', KEYS[at]))
    if there ~= ARGV[3 * at - 2] then
      return {there == '1' and 'taken' or 'gone', tostring(at - 2)}
    end
  end
end
for at = 2, #KEYS do
  if ARGV[3 * at - 1] == '1' then
    redis.call('SET', KEYS[at], ARGV[3 * at])
  else
    redis.call('DEL', KEYS[at])
  end
end
if now == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], now)
end
return {'done'}
