using Gateway.Server.Backplane;
using Gateway.Server.Naming;

namespace Gateway.Server.Channels;

/// <content>
/// Presence in a channel whose namespace has it. Changes are gathered until the channel's turn (<see cref="PresenceGatherer"/>). Whoever
/// missed some, because a queue was full or the backplane lost them, is sent a snapshot instead: all who did by one frame.
/// </content>
internal sealed partial class Channel
{
    private readonly PresenceChanges? _presence = name.Namespace.Rules.Presence ? new PresenceChanges(presence) : null;

    /// <summary>Takes a presence change for all subscribers whose snapshot is older.</summary>
    public void AppendPresence(PresenceChange change)
    {
        if (_presence is null)
            return;
        lock (_gate)
        {
            if (_presence.Add(change))
                QueuePresence();
        }
    }

    /// <summary>Changes were lost: all who see presence are sent a snapshot.</summary>
    public void LosePresence()
    {
        if (_presence is null)
            return;
        lock (_gate)
        {
            _presence.Invalidate();
            QueuePresence();
        }
    }

    /// <summary>A subscription waits for a snapshot (<see cref="Subscription.LostPresence"/>).</summary>
    public void WantPresence()
    {
        lock (_gate)
        {
            _presence!.IsWanted = true;
            QueuePresence();
        }
    }

    /// <summary>
    /// Sends a snapshot to one subscription in its place among the changes. False when changes after the snapshot were sent before it, or
    /// lost, so that a newer one should be read; <paramref name="last"/> sends it nevertheless, and a newer one follows.
    /// </summary>
    public bool TrySendSnapshot(Subscription subscription, PresenceSnapshot snapshot, Action send, bool last)
    {
        lock (_gate)
        {
            bool isCurrent = _presence!.TryStart(snapshot.Version);
            if (!isCurrent && !last)
                return false;
            send();
            _presence.NoteNames(snapshot.State);
            subscription.PresenceVersion = snapshot.Version;
            if (!isCurrent)
                Want(subscription);
            return true;
        }
    }

    /// <summary>Notes the snapshot that a subscription will begin with.</summary>
    public void ShowPresence(Subscription subscription, PresenceSnapshot snapshot)
    {
        lock (_gate)
        {
            _presence!.NoteNames(snapshot.State);
            subscription.PresenceVersion = snapshot.Version;
        }
    }

    /// <summary>Sends a subscription no more presence changes.</summary>
    public void HidePresence(Subscription subscription)
    {
        lock (_gate)
            subscription.PresenceVersion = Subscription.NoPresence;
    }

    /// <summary>Sends the gathered changes. Called by the gatherer, in the channel's turn.</summary>
    /// <param name="maxUsers">With more users there are no names.</param>
    /// <param name="now">In milliseconds.</param>
    /// <returns>What to do next.</returns>
    public PresenceTurn SendPresence(int maxUsers, long now)
    {
        GatheredPresence? gathered;
        PresenceTurn next;
        lock (_gate)
        {
            if (_batches.IsOverloaded)
                return PresenceTurn.Again;
            gathered = _presence!.IsLost || _presence.IsEmpty ? null : _presence.Take(maxUsers);
            next = _presence.Next(maxUsers, now);
            _presence.IsQueued = next != PresenceTurn.Over;
        }
        if (gathered is null)
            return next;
        // Put together without the lock, under which publishers wait. A subscription that begins meanwhile with a snapshot which holds some
        // of these changes gets none of these messages, but sees that the changes were taken, and so gets another snapshot.
        foreach (var audience in gathered.Audiences(maxUsers))
        {
            var message = gathered.MessageFor(audience, maxUsers);
            lock (_gate)
                Append(message, audience);
        }
        return next;
    }

    /// <summary>How often changes were lost; read it before a snapshot for <see cref="TryRestorePresence"/>.</summary>
    public int PresenceGeneration
    {
        get
        {
            lock (_gate)
                return _presence!.Generation;
        }
    }

    /// <summary>
    /// Sends a snapshot to all who wait for one, and ends the turn. False when it may lack changes that were lost since it was asked for,
    /// or there is no room for it: it must be read again.
    /// </summary>
    /// <param name="snapshot">What was read.</param>
    /// <param name="generation">What <see cref="PresenceGeneration"/> was before.</param>
    public bool TryRestorePresence(PresenceSnapshot snapshot, int generation)
    {
        var message = PresenceMessage.Of(snapshot.State);
        lock (_gate)
        {
            if (_presence!.Generation != generation || _batches.IsOverloaded)
                return false;
            long version = snapshot.Version;
            // One that cannot be fitted in among the changes for some is for all.
            bool isForAll = _presence.IsLost || !_presence.TryStart(version);
            if (isForAll)
                RestartPresence(version);
            Append(message, new PresenceAudience(Subscription.LostPresence, isForAll ? version : 0, version));
            _presence.NoteNames(snapshot.State);
            (_presence.IsWanted, _presence.IsQueued) = (false, false);
            // What came meanwhile gets the next turn.
            if (!_presence.IsEmpty || _presence.IsUnnamed)
                QueuePresence();
            return true;
        }
    }

    /// <summary>Called with the lock held, when a subscription becomes active that was sent a snapshot.</summary>
    private void StartPresence(Subscription subscription)
    {
        long version = subscription.PresenceVersion;
        if (_presence is not null && version != Subscription.NoPresence && !_presence.TryStart(version))
            Want(subscription);
    }

    private void Want(Subscription subscription)
    {
        subscription.LosePresence();
        _presence!.IsWanted = true;
        QueuePresence();
    }

    private void RestartPresence(long version)
    {
        // The backplane has lost its last changes, and counts on from before them.
        if (version < _presence!.Sent)
        {
            foreach (var subscription in _slots.Snapshot)
            {
                if (subscription?.PresenceVersion > version)
                    subscription.LosePresence();
            }
        }
        _presence.Restart(version);
    }

    private void QueuePresence()
    {
        if (_presence!.IsQueued)
            return;
        _presence.IsQueued = true;
        _presence.Gatherer?.Add(this);
    }

    private void Append(PresenceMessage message, PresenceAudience audience)
    {
        if (_slots.Count > 0)
            Schedule(_batches.LoggedBatchFor(message.Bytes).Append(message, audience));
    }
}
