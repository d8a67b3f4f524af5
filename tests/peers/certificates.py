"""A small authority and the certificates that it issues, by openssl."""
import os
import subprocess


class Authority:
    """Keys and certificates in the folder `place`."""

    def __init__(self, place, name="ca"):
        self.place, self.name = place, name
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
                      "-subj", f"/CN={name}", "-keyout", self.path(name, "key"), "-out", self.path(name, "pem"))
        self.certificate = self.path(name, "pem")

    def path(self, name, ending):
        return os.path.join(self.place, f"{name}.{ending}")

    @staticmethod
    def _openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True)

    def issue(self, name, alternative, days=30):
        """For "DNS:..." or "IP:..."; days below 0: it has expired. Returns the paths of certificate and key."""
        request, extensions = self.path(name, "csr"), self.path(name, "ext")
        with open(extensions, "w", encoding="ascii") as out:
            out.write(f"subjectAltName={alternative}\nextendedKeyUsage=serverAuth,clientAuth\n")
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
                      "-keyout", self.path(name, "key"), "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.path(self.name, "key"),
                      "-CAcreateserial", "-days", str(days), "-extfile", extensions, "-out", self.path(name, "pem"))
        os.chmod(self.path(name, "key"), 0o600)
        return self.path(name, "pem"), self.path(name, "key")
