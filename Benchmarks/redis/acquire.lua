-- Asks a breaker in Redis whether a call may go through.
--
--   KEYS[1]  the breaker, a hash: state, generation, streak, calls, failures, open_until_ms, lease, lease_until_ms
--   ARGV[1]  probe_lease_ms: how long a probe's permit stays valid
--
-- Answers {1, state, permit} or {0, state, retry_after_ms}. The permit is the generation, for a probe followed by the
-- number of its lease. The script reads the server's time only if the decision depends on it.

local breaker = KEYS[1]
local fields = redis.call('HMGET', breaker, 'state', 'generation', 'open_until_ms', 'lease', 'lease_until_ms')
local state, generation = fields[1], fields[2]

if state == 'closed' then
    return {1, 'closed', generation}
end

if not state then
    redis.call('HSET', breaker, 'state', 'closed', 'generation', 1, 'streak', 0, 'calls', 0, 'failures', 0)
    return {1, 'closed', '1'}
end

local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)

if state == 'open' then
    local open_until_ms = tonumber(fields[3])
    if now_ms < open_until_ms then
        return {0, 'open', open_until_ms - now_ms}
    end
    -- The transition and the first probe are one step, so no two workers can both get that probe.
    generation = generation + 1
    local lease = 1
    redis.call('HSET', breaker, 'state', 'half_open', 'generation', generation,
        'lease', lease, 'lease_until_ms', now_ms + ARGV[1])
    return {1, 'half_open', generation .. '-' .. lease}
end

local lease_until_ms = tonumber(fields[5])
if now_ms < lease_until_ms then
    return {0, 'half_open', lease_until_ms - now_ms}
end

-- The probe was lost, or its permit given back. The next probe gets another number, so that a late report of the
-- earlier probe cannot count for it.
local lease = fields[4] + 1
redis.call('HSET', breaker, 'lease', lease, 'lease_until_ms', now_ms + ARGV[1])
return {1, 'half_open', generation .. '-' .. lease}
