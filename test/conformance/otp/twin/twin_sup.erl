%% A tree of OTP's own supervisors, made of the scenario's child specs. Its world is the tracer, and the factor by which
%% the run is slower than its script.
-module(twin_sup).
-behaviour(supervisor).
-export([child_spec/2, start_child/2, start_child/3, init/1, log/2]).

-define(ID, twin_id).
-define(TRACER, twin_tracer).

init({Spec, #{tracer := Tracer, scale := Scale} = World}) ->
    #{<<"id">> := Id, <<"children">> := Children} = Spec,
    put(?ID, Id),
    put(?TRACER, Tracer),
    Flags = #{
        strategy => word(<<"strategy">>, Spec, one_for_one),
        intensity => maps:get(<<"intensity">>, Spec, 1),
        period => maps:get(<<"periodMs">>, Spec, 5000) * Scale div 1000,
        auto_shutdown => word(<<"autoShutdown">>, Spec, never)
    },
    {ok, {Flags, [child_spec(Child, World) || Child <- Children]}}.

child_spec(#{<<"id">> := Id} = Child, #{scale := Scale} = World) ->
    Spec = #{
        id => Id,
        start => {?MODULE, start_child, [Child, World]},
        restart => word(<<"restart">>, Child, permanent),
        significant => maps:get(<<"significant">>, Child, false),
        type => word(<<"type">>, Child, worker)
    },
    case Child of
        #{<<"shutdown">> := Ms} when is_integer(Ms) -> Spec#{shutdown => Ms * Scale};
        #{<<"shutdown">> := Bound} -> Spec#{shutdown => binary_to_existing_atom(Bound)};
        #{<<"type">> := <<"supervisor">>} -> Spec#{shutdown => infinity};
        _ -> Spec#{shutdown => 5000 * Scale}
    end.

%% A dynamic child: the request gives it its name, which it keeps when it is restarted.
start_child(Template, #{tracer := Tracer} = World, {Request, Changes}) ->
    Name = twin_tracer:named(Tracer, maps:get(<<"id">>, Template), Request),
    start_child(maps:merge(Template, Changes#{<<"id">> => Name}), World).

start_child(#{<<"id">> := Id} = Child, #{tracer := Tracer} = World) ->
    Type = word(<<"type">>, Child, worker),
    case try_start(Type, Child, World) of
        {ok, Pid} ->
            ok = twin_tracer:started(Tracer, Id, Type, Pid),
            {ok, Pid};
        {error, Reason} ->
            ok = twin_tracer:start_failed(Tracer, Id),
            {error, Reason}
    end.

try_start(supervisor, Child, World) ->
    supervisor:start_link(?MODULE, {Child, World});
try_start(worker, #{<<"id">> := Id} = Child, #{tracer := Tracer, scale := Scale}) ->
    Number = twin_tracer:count_start(Tracer, Id),
    timer:sleep(maps:get(<<"startTakesMs">>, Child, 0) * Scale),
    case lists:member(Number, maps:get(<<"failsStarts">>, Child, [])) of
        true ->
            {error, start_failed};
        false ->
            twin_worker:start_link(#{
                stop_ms => maps:get(<<"stopTakesMs">>, Child, 0) * Scale,
                is_deaf => maps:get(<<"ignoresShutdown">>, Child, false)
            })
    end.

word(Key, Map, Default) ->
    case Map of
        #{Key := Word} -> binary_to_existing_atom(Word);
        _ -> Default
    end.

%% A handler of the logger runs in the process that logs: here, in a supervisor that tells of a child's end before it
%% does something about it, or that gives up. Whoever waits for it to have started goes first.
log(Event, _) ->
    erlang:yield(),
    note(Event).

note(#{msg := {report, #{label := {supervisor, shutdown}, report := Report}}}) ->
    case lists:keyfind(reason, 1, Report) of
        {reason, reached_max_restart_intensity} -> ok = twin_tracer:escalated(get(?TRACER), get(?ID));
        _ -> ok
    end;
note(_) ->
    ok.
