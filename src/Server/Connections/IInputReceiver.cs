using System.Buffers;

namespace Gateway.Server.Connections;

/// <summary>Takes the input of a transport. Called by the transport, one call at a time.</summary>
internal interface IInputReceiver
{
    /// <summary>Takes input.</summary>
    /// <param name="input">
    /// All of it is taken. The memory is the receiver's, to change too, until the task completes. Empty where somebody asked for the call.
    /// </param>
    ValueTask OnInputAsync(ReadOnlySequence<byte> input);

    /// <summary>The input has been given back: does what need not hold it, such as sending replies.</summary>
    /// <param name="isCompleted">Whether nothing more comes.</param>
    /// <returns>Whether to hand on more; never where nothing comes.</returns>
    ValueTask<bool> OnConsumedAsync(bool isCompleted);
}
