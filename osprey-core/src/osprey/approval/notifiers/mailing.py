"""One mail and the conversation that sends it, over `smtplib`."""

from __future__ import annotations

import smtplib
import socket
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import TYPE_CHECKING, Any

from osprey.approval.notifiers import NotSentError
from osprey.approval.notifiers.mail import PORTS, MailSecurity, MailSettings
from osprey.approval.notifiers.posting import STEP_S

if TYPE_CHECKING:
    from osprey.approval.notifiers.notice import Notice


def mail_of(settings: MailSettings, notice: Notice) -> EmailMessage:
    """Make the mail of a notice, with a subject that stays one header whatever stands in it."""
    mail = EmailMessage()
    mail["From"] = settings.sender
    mail["To"] = ", ".join(settings.recipients)
    # `EmailMessage` decodes words such as `=?utf-8?q?=0D=0ABcc:...?=`, and writes the line breaks in them as they are.
    mail["Subject"] = notice.subject().replace("=?", "= ?")
    mail["Date"] = formatdate()
    mail["Message-ID"] = make_msgid(domain=settings.sender.rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence notice answers it
    mail.set_content(notice.text())
    return mail


def send_mail(settings: MailSettings, mail: EmailMessage) -> None:
    """Send a mail, and go on only if every recipient was accepted. Blocks.

    :raises NotSentError: with what the server said; of a refused login its number alone, for it may repeat the login.
    """
    place = f"{settings.host}:{settings.port or PORTS[settings.security]}"
    try:
        server = _connected(settings)
        try:
            refused: dict[str, Any] = server.send_message(mail)
        finally:
            _leave(server)
    except smtplib.SMTPAuthenticationError as exc:
        msg = f"{place} refuses the login of {settings.user} ({exc.smtp_code}): correct user and password"
        raise NotSentError(msg) from exc
    except smtplib.SMTPRecipientsRefused as exc:
        raise NotSentError(_refused(place, exc.recipients)) from exc
    except smtplib.SMTPResponseException as exc:
        msg = f"{place} answered {exc.smtp_code} {_text(exc.smtp_error)}"
        raise NotSentError(msg) from exc
    except OSError as exc:  # smtplib's own errors are such, too
        msg = f"{place} cannot be told: {exc or type(exc).__name__}"
        raise NotSentError(msg) from exc
    if refused:
        raise NotSentError(_refused(place, refused))


def _connected(settings: MailSettings) -> smtplib.SMTP:
    # Without a name of this host smtplib asks the name service for one, which may take longer than a notice has.
    name, port = socket.gethostname(), settings.port or PORTS[settings.security]
    if settings.security is MailSecurity.TLS:
        context = ssl.create_default_context()
        server: smtplib.SMTP = smtplib.SMTP_SSL(settings.host, port, name, timeout=STEP_S, context=context)
    else:
        server = smtplib.SMTP(settings.host, port, name, timeout=STEP_S)
    try:
        if settings.security is MailSecurity.STARTTLS:
            server.starttls(context=ssl.create_default_context())
        if settings.user is not None and settings.password is not None:
            server.login(settings.user, settings.password)
    except BaseException:
        server.close()
        raise
    return server


def _leave(server: smtplib.SMTP) -> None:
    """Say goodbye without waiting for an answer: the mail is the server's already, or will never be."""
    with suppress(OSError):
        server.putcmd("QUIT")
    server.close()


def _refused(place: str, recipients: dict[str, Any]) -> str:
    each = "; ".join(f"{name}: {code} {_text(text)}" for name, (code, text) in recipients.items())
    return f"{place} refuses {each}"


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said
