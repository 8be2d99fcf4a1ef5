-- Reports the outcome of a call to a breaker in Redis.
--
--   KEYS[1]  the breaker, as in acquire.lua
--            beside it is its failure log, a list, newest first, of `at_ms kind reporter`
--   ARGV[1]  outcome: success, failure or ignored
--   ARGV[2]  permit, as acquire.lua answered it
--   ARGV[3]  failure_threshold: this many consecutive failures open the breaker; 0 for never
--   ARGV[4]  recovery_timeout_ms: how long the breaker stays open
--   ARGV[5]  kind of the failure
--   ARGV[6]  reporter
--
-- Answers {applied, state after the event}. A report of another generation, or without a live lease while half open,
-- changes nothing. `calls` and `failures` count within the generation.

local KEPT_FAILURES = 1000

local breaker = KEYS[1]
local failure_log = breaker .. ':failures'
local outcome, permit = ARGV[1], ARGV[2]
local fields = redis.call('HMGET', breaker, 'state', 'generation', 'streak', 'calls', 'failures',
    'lease', 'lease_until_ms')
local state, generation = fields[1], fields[2]

local function now_in_ms()
    local time = redis.call('TIME')
    return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function log_failure(now_ms)
    redis.call('LPUSH', failure_log, now_ms .. ' ' .. ARGV[5] .. ' ' .. ARGV[6])
    redis.call('LTRIM', failure_log, 0, KEPT_FAILURES - 1)
end

local function begin_generation(new_state, open_until_ms)
    redis.call('HSET', breaker, 'state', new_state, 'generation', generation + 1, 'streak', 0, 'calls', 0,
        'failures', 0, 'open_until_ms', open_until_ms)
    redis.call('HDEL', breaker, 'lease', 'lease_until_ms')
end

if state == 'closed' then
    if permit ~= generation then
        return {0, state}
    end
    if outcome == 'success' then
        -- One write: the count of calls is durable, as in Fusebox. The streak is written only if there is one.
        if fields[3] == '0' then
            redis.call('HINCRBY', breaker, 'calls', 1)
        else
            redis.call('HSET', breaker, 'calls', fields[4] + 1, 'streak', 0)
        end
        return {1, state}
    end
    if outcome == 'ignored' then
        return {1, state}
    end
    local now_ms = now_in_ms()
    local streak, threshold = fields[3] + 1, tonumber(ARGV[3])
    log_failure(now_ms)
    if threshold > 0 and streak >= threshold then
        begin_generation('open', now_ms + ARGV[4])
        return {1, 'open'}
    end
    redis.call('HSET', breaker, 'streak', streak, 'calls', fields[4] + 1, 'failures', fields[5] + 1)
    return {1, state}
end

if state == 'half_open' then
    local now_ms = now_in_ms()
    if permit ~= generation .. '-' .. fields[6] or now_ms >= tonumber(fields[7]) then
        return {0, state}
    end
    if outcome == 'success' then
        begin_generation('closed', 0)
        return {1, 'closed'}
    end
    if outcome == 'failure' then
        log_failure(now_ms)
        begin_generation('open', now_ms + ARGV[4])
        return {1, 'open'}
    end
    redis.call('HSET', breaker, 'lease_until_ms', 0)
    return {1, state}
end

return {0, state or 'unknown'}
