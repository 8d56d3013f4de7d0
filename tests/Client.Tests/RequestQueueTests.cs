using Gateway.TestSupport;

namespace Gateway.Client.Tests;

/// <summary>The queue of requests, without a network.</summary>
public sealed class RequestQueueTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_full_queue_refuses_the_oldest_that_was_not_sent()
    {
        var queue = new RequestQueue(limit: 3, _time);
        var sent = Add(queue, 1);
        queue.Next();
        var (second, third, fourth) = (Add(queue, 2), Add(queue, 3), Add(queue, 4));

        Assert.Equal(GatewayErrorCode.QueueFull, (await Assert.ThrowsAsync<GatewayException>(() => second.Answer)).Code);
        Assert.All([sent, third, fourth], request => Assert.False(request.Answer.IsCompleted));
        Assert.Equal(3, queue.Count);
    }

    [Fact]
    public async Task What_may_have_been_published_is_never_refused_as_if_it_were_not()
    {
        var queue = new RequestQueue(limit: 1, _time);
        var uncertain = Add(queue, 1);
        queue.Next();
        queue.OnConnectionLost();
        var late = Add(queue, 2);

        Assert.Equal(GatewayErrorCode.QueueFull, (await Assert.ThrowsAsync<GatewayException>(() => late.Answer)).Code);
        Assert.Same(uncertain, queue.Next());
    }

    [Fact]
    public void What_was_not_answered_is_sent_again_first_and_in_order()
    {
        var queue = new RequestQueue(limit: 10, _time);
        var requests = Enumerable.Range(1, 4).Select(id => Add(queue, id)).ToList();
        for (int i = 0; i < 3; i++)
            queue.Next();
        Assert.True(queue.TrySettle(Answer("""{"type":"ack","id":2,"channel":"c"}""")));

        queue.OnConnectionLost();

        Assert.Equal([requests[0], requests[2], requests[3], null], [queue.Next(), queue.Next(), queue.Next(), queue.Next()]);
    }

    [Fact]
    public async Task What_is_unanswered_for_longer_than_the_gateway_knows_its_key_is_not_sent_again()
    {
        var queue = new RequestQueue(limit: 10, _time);
        var published = Add(queue, 1);
        var read = new Request(2, [], changes: false);
        queue.Add(read);
        queue.Next();
        queue.Next();
        queue.OnConnectionLost();
        _time.Advance(RequestQueue.SafeToRepeat + TimeSpan.FromSeconds(1));

        Assert.Same(read, queue.Next());
        Assert.Equal(GatewayErrorCode.Unconfirmed, (await Assert.ThrowsAsync<GatewayException>(() => published.Answer)).Code);
    }

    [Fact]
    public void A_refusal_for_the_rate_is_waited_out_and_sent_again()
    {
        var queue = new RequestQueue(limit: 10, _time);
        var request = Add(queue, 1);
        queue.Next();
        queue.TrySettle(Answer("""{"type":"error","id":1,"code":"rate_limited","message":"too fast","retryAfter":700}"""));

        Assert.Null(queue.Next());
        _time.Advance(TimeSpan.FromMilliseconds(700));
        Assert.Same(request, queue.Next());
        Assert.False(request.Answer.IsCompleted);
    }

    [Fact]
    public async Task What_the_gateway_could_not_confirm_is_sent_again_until_that_is_no_longer_safe()
    {
        var queue = new RequestQueue(limit: 10, _time);
        var request = Add(queue, 1);
        queue.Next();
        queue.TrySettle(Answer("""{"type":"error","id":1,"code":"unconfirmed","message":"no answer"}"""));
        Assert.Null(queue.Next());
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Same(request, queue.Next());

        // About the second try alone: the first one may have been published.
        queue.TrySettle(Answer("""{"type":"error","id":1,"code":"unavailable","message":"the backplane is out of reach"}"""));
        Assert.False(request.Answer.IsCompleted);
        _time.Advance(RequestQueue.SafeToRepeat);

        Assert.Null(queue.Next());
        Assert.Equal(GatewayErrorCode.Unconfirmed, (await Assert.ThrowsAsync<GatewayException>(() => request.Answer)).Code);
    }

    [Fact]
    public async Task What_was_lost_with_a_connection_is_not_called_refused_when_the_next_cannot_take_it()
    {
        var queue = new RequestQueue(limit: 10, _time);
        var request = Add(queue, 1);
        queue.Next();
        queue.OnConnectionLost();
        queue.Next();
        queue.TrySettle(Answer("""{"type":"error","id":1,"code":"unavailable","message":"the backplane is out of reach"}"""));

        Assert.False(request.Answer.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Same(request, queue.Next());
        queue.TrySettle(Answer("""{"type":"ack","id":1,"channel":"c"}"""));
        await request.Answer;
    }

    [Fact]
    public async Task An_error_is_thrown_with_its_code_and_the_time_to_wait()
    {
        var queue = new RequestQueue(limit: 10, _time);
        var request = Add(queue, 1);
        queue.Next();
        queue.TrySettle(
            Answer("""{"type":"error","id":1,"code":"unavailable","message":"the backplane is out of reach","retryAfter":250}"""));

        var failure = await Assert.ThrowsAsync<GatewayException>(() => request.Answer);
        Assert.Equal(("unavailable", TimeSpan.FromMilliseconds(250)), (failure.Code, failure.RetryAfter));
    }

    private static Request Add(RequestQueue queue, long id)
    {
        var request = new Request(id, [], changes: true);
        queue.Add(request);
        return request;
    }

    private static ServerMessage Answer(string json) => ServerMessage.Read(System.Text.Encoding.UTF8.GetBytes(json));
}
