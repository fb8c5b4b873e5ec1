"""The notifier `email`: a mail over SMTP, by the standard library. The password goes over TLS only."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from osprey.approval.notifiers.own_threads import OwnThreads
from osprey.approval.notifiers.rules import HostName, MailAddresses, PortNumber, Secret
from osprey.config.rules import is_loopback

if TYPE_CHECKING:
    from osprey.approval.notifiers.notice import Notice


class MailSecurity(StrEnum):
    """`security` of a mail server."""

    STARTTLS = "starttls"
    """TLS after the greeting; a server that does not offer it is told nothing."""
    TLS = "tls"
    """TLS from the first byte."""
    NONE = "none"
    """No TLS; then without a password, but to this host."""


PORTS: Final = {MailSecurity.STARTTLS: 587, MailSecurity.TLS: 465, MailSecurity.NONE: 25}


@frozen(kw_only=True)
class MailSettings:
    """`approval.notify.<name>.settings` with `via: email`."""

    host: str = field(validator=HostName())
    """The mail server."""
    port: int | None = field(default=None, validator=PortNumber())
    """Its port. None: 587 with `starttls`, 465 with `tls`, 25 with `none`."""
    security: MailSecurity = MailSecurity.STARTTLS
    """How the way to it is protected; its certificate is checked against those that this host trusts."""
    sender: str = field(validator=MailAddresses())
    """The address that mails come from."""
    recipients: tuple[str, ...] = field(validator=MailAddresses())
    """The addresses that they go to."""
    user: str | None = field(default=None, validator=Secret(is_ascii=True))
    """Who logs in; without one nobody does."""
    password: str | None = field(default=None, validator=Secret(is_ascii=True), repr=False)
    """The user's password; never shown."""

    def __attrs_post_init__(self) -> None:
        if (self.user is None) is not (self.password is None):
            raise ValueError("user and password belong together")
        if self.password is not None and self.security is MailSecurity.NONE and not is_loopback(self.host):
            raise ValueError("security is none, so anybody on the way could read the password: use starttls or tls")


class MailNotifier:
    """Sends notices as mails."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        self._threads = OwnThreads()

    async def send(self, notice: Notice) -> None:
        """Send one mail to all recipients.

        :raises NotSentError: the server did not take it, or not for each of them.
        """
        from osprey.approval.notifiers.mailing import mail_of, send_mail

        mail = mail_of(self._settings, notice)
        await self._threads.run(lambda: send_mail(self._settings, mail))
