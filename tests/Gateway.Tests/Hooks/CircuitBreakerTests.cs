using Gateway.Server.Application.Hooks;
using Gateway.TestSupport;

namespace Gateway.Tests.Hooks;

public sealed class CircuitBreakerTests
{
    private readonly ManualTime _time = new();
    private readonly CircuitBreaker _circuit;

    public CircuitBreakerTests() => _circuit = new CircuitBreaker(_time);

    [Fact]
    public void The_circuit_opens_with_the_fifth_failure_in_a_row()
    {
        Assert.Equal([false, false, false, false, true], Fail(5));
        Assert.False(_circuit.TryEnter());
    }

    [Fact]
    public void A_success_in_between_starts_the_count_again()
    {
        Fail(4);
        Assert.False(_circuit.Succeed());
        Fail(4);
        Assert.True(_circuit.TryEnter());
    }

    [Fact]
    public void After_a_pause_one_call_is_let_through_and_a_failure_begins_another_pause()
    {
        Fail(5);
        _time.Advance(CircuitBreaker.Pause);
        Assert.Equal([true, false], [_circuit.TryEnter(), _circuit.TryEnter()]);
        Assert.False(_circuit.Fail());
        Assert.False(_circuit.TryEnter());
        _time.Advance(CircuitBreaker.Pause);
        Assert.True(_circuit.TryEnter());
    }

    [Fact]
    public void A_success_closes_it()
    {
        Fail(5);
        _time.Advance(CircuitBreaker.Pause);
        _circuit.TryEnter();
        Assert.True(_circuit.Succeed());
        Assert.Equal([true, true], [_circuit.TryEnter(), _circuit.TryEnter()]);
    }

    private bool[] Fail(int times) => [.. Enumerable.Range(0, times).Select(_ => _circuit.Fail())];
}
