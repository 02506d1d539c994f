%% A worker that does what its scenario says: fails at some of its starts, takes its time, ends when it is told to.
-module(twin_worker).
-export([start_link/1]).

start_link(Behaviour) ->
    Supervisor = self(),
    Pid = spawn_link(fun() ->
        process_flag(trap_exit, true),
        Supervisor ! {self(), up},
        up(Supervisor, Behaviour)
    end),
    receive
        {Pid, up} -> {ok, Pid}
    end.

up(Supervisor, #{stop_ms := StopMs, is_deaf := IsDeaf} = Behaviour) ->
    receive
        {'EXIT', Supervisor, shutdown} when IsDeaf -> draining(Supervisor, infinity);
        {'EXIT', Supervisor, shutdown} -> draining(Supervisor, StopMs);
        {'EXIT', Supervisor, Reason} -> exit(Reason);
        {exit, Reason} -> exit(Reason);
        _ -> up(Supervisor, Behaviour)
    end.

draining(_, 0) ->
    exit(shutdown);
draining(Supervisor, ForMs) ->
    receive
        {'EXIT', Supervisor, Reason} when Reason =/= shutdown -> exit(Reason);
        {exit, crash} -> exit(crash);
        {exit, _} -> exit(shutdown)
    after ForMs -> exit(shutdown)
    end.
