"""Facts about files that `python -m venv` and `uv venv` write and that no archive holds.

Each row: SHA-256, and the first and last version in which it was seen; `movable` is what `uv venv --relocatable`
and `uvx` write. The text itself stands nowhere here.
`attest.measure.derivations.venv_activate.normal_digest` says which spots of a text are left open.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ACTIVATION: Final[Mapping[str, Mapping[str, str]]] = {
    "Activate.ps1": {
        "3795a060dea7d621320d6d841deb37591fadf7f5592c5cb2286f9867af0e91df": "CPython 3.10.13 to 3.12.1",
        "9f02f0896d9b76f679d8e9ec40a2f582fe221b0d90ee6f2db12cf5cc8d137944": "CPython 3.8.18",
        "07c71e3f4cd0102046dd9f9a5fef4cab50326dd5ae859b078096196039977c1e": "CPython 3.9.18",
        "eb8ce20f580877d300c4fed60a7f36daa18715d35c50bb3596d6995d023b4ffe": "CPython 3.13.0",
    },
    "activate": {
        "91cd054ed5a80acf526892b83072dc09f3b570781038c21db6dad3e08d61dab8": "CPython 3.11.2",
        "c305342f2f765324aed86f343a81421802c1928b52844ff934eb4faa79c27958": "CPython 3.8.18",
        "0ae8086e3d94590b07989be82c1cb246f9386f0baba8a3c48826803118da82c6": "CPython 3.9.18",
        "233b50136cb5e0c5a9b44abdd7f29b75e8e18d1949b2ae7a00b5be7fb3fd9894": "CPython 3.10.13",
        "dedef4a0450c30fbaa2bdad95a9bb55e45103ddb2a28d066f0b2d42da8b3287f": "CPython 3.11.7",
        "15c3ec912b6b1619bd042fc263feb85f6ee297112805f96259ab6d56c57530f0": "CPython 3.12.1",
        "de7d49df57173201e1040fddca1f3101b9c7e9953a2631d4322d4a6a822a6e01": "CPython 3.13.0",
        "c26ef430165ce8747f1f47409e2c17351a710253cceb0ca8562685b7bf953622": "uv 0.5.31",
        "2c0cac20425e7e2df9f2a4adb4a7094d81c94e78d628acb26a46b6721a008f1b": "uv 0.8.24 to 0.12.10",
        "0c03c1bdb966b4dd3dcceb0f929ec229ac75d914fbbf6d262e3618a959db0f3a": "uv 0.13.9",
        "7a0db9b9011a3afb7cd7b49101901bcb4ad310cc4ac9187272d953e70f0f9e44": "uv 0.5.31, movable",
        "2233a0b7e434c75d902a2379e70d51deb6c659cae92839593d216ee89ccceb9f": "uv 0.8.24 to 0.12.10, movable",
        "c0d04571ed2438a5735c9d5f1f4d4697abdca74481f1250e85e08d8c1b76c1e3": "uv 0.13.9, movable",
    },
    "activate.bat": {
        "bd99a88f7f6719acf50f64f68cd8d31cec394a3397dbba0b082fffe0ffae9653": "uv 0.5.31",
        "28627a5c44504995cd5e2e81a0c506bb963fca210b8073691ae24e4fb03e1e9b": "uv 0.8.24 to 0.13.9",
        "37e93fee0afc9f38dc70b715b5e9408ca2e5ce9704e1bfa80f7cb0b998e122f6": "uv 0.5.31, movable",
        "75d1ded202a504f1c3844e9966bbf5f3f93f328e598d49fc13a4386dc46889fd": "uv 0.8.24 to 0.13.9, movable",
    },
    "activate.csh": {
        "a76059bab8bf1c99f41e31bb975cee987390991cb8c0674d62a01c1139e1fe65": "CPython 3.11.2",
        "3df0b1d0a30ee3297c5bfd2723417089082207eef39b0464c8c4cdb4d7adc147": "CPython 3.8.18",
        "9ce69a42f9cbf4443b0edd14314ef198ee202e72be7da29e37391258e316b6c2": "CPython 3.9.18",
        "33e9cfae626675ce814139e418e4545b9bfec4d5c526c9b11f21bf351f78cad2": "CPython 3.10.13 to 3.11.7",
        "e20a687eb9635a5aced0da6d408dc26268922368389a1732859b31e23184d6c5": "CPython 3.12.1",
        "98dce397742a217738d4750299ebdb693b3132be4f1d29260d81c6572421fa23": "CPython 3.13.0",
        "8c5b2d5ca548d3f7051af63e635df22e81749432c1802ea8a899baf35235fded": "uv 0.5.31 to 0.13.9",
    },
    "activate.fish": {
        "091101bf5937e8bea3157204435af887f4b279e47cd4a86b1fc825a2bd3b62d0": "CPython 3.11.2",
        "b96f41db91bd54d1c2cf583dc609d9e7f9e4072a9b96aa443322103e5c5227ab": "CPython 3.8.18",
        "e0dfccc69ea3d0621eb585115300378b8ce4ae9ae4887208b01c605f8c580431": "CPython 3.9.18",
        "32069dbf06247cfa40f1376744f495fe4e797b8c7d0cee2f5ce1b5c4b8bb2125": "CPython 3.10.13 to 3.11.7",
        "595d8912c703d20dddeffa31db5119477c8a2659a0552964717163b7334655ec": "CPython 3.12.1",
        "88cd7d5790d89002484cff28a3fdb3f004437695c1e4be82e7cd7aa2a99fcfa8": "CPython 3.13.0",
        "b76f077c98d3acf529be57483b493258a13158ecb5cf9a07f3e936eb3e832282": "uv 0.5.31",
        "737a927b5034a758d64dfb90fddd9f4f81bdb612e7d06ee2be9fd0d1f6455de4": "uv 0.8.24 to 0.10.12",
        "f518542c718371c1eaf8bc82d53b81510afbe450cb573bf9909df8cb659c2dbc": "uv 0.11.20 to 0.13.9",
        "cf47501151fe38de0ca238dd7fd8b95db4e57307f76fbb2e90f5ce23d5689a65": "uv 0.5.31, movable",
        "7a963785397038e90b10b18ab620e35c62e0545aa936932a0cebcfb9dafc3070": "uv 0.8.24 to 0.10.12, movable",
        "62b7feb0dbad43997227773dcbcd5e6b581158670170368a4339a951149a39eb": "uv 0.11.20, movable",
        "369c3941bdf3b118ebfbe8a481260be535f77eb202e731d2dd65468ded7c8942": "uv 0.12.10 to 0.13.9, movable",
    },
    "activate.nu": {
        "8106f49b543d95cde4ac47b7358fe64355608231539ec77cd97c6a985c574623": "uv 0.5.31",
        "5b14621dc5c96325f1649caa1ceb9cb96728c8fab2db77eaac98db379c194aae": "uv 0.8.24 to 0.10.12",
        "869d8bb4e4a53a4c94be05cfe82af8a48c8cef667877c0c632ef431b945110e4": "uv 0.11.20 to 0.12.10",
        "c3952bcc8d26e8a252df59a422f1e08e1b834638e1cb8f04bc76eb9cd681daab": "uv 0.13.9",
        "c468e3599af819ae1855a0b719305bb6b104f32a78cae6a983fac2396ce72401": "uv 0.9.30 to 0.10.12, movable",
        "2471a622730a33cf5ba4cbb51415a68b914c8adb509e1c1fb26df4224bd68142": "uv 0.11.20 to 0.12.10, movable",
        "e77e895a7119261186a986b7b3e9f92ff0db023efb962e1ae683cd6c62efc9f6": "uv 0.13.9, movable",
    },
    "activate.ps1": {
        "0d2b3468e9dfba613ca755032b1e6620412ba562830fa46082e18f772635cf44": "uv 0.5.31 to 0.10.12",
        "5f4d6ebf3a7ef28fb3ef89a6d8f02b47d5c2d225e361c41428bb9960410ae4ab": "uv 0.11.20 to 0.12.10",
        "78e92217a9380caaccc1a7fe0a5623a878b9ed72f515c42f718c06c908742563": "uv 0.13.9",
    },
    "activate.xsh": {
        "df312406d0948f4d7aabfda405ebf28b4b59a1099a8d8f16759e15eefff0a910": "uv 0.12.10 to 0.13.9",
    },
    "activate_this.py": {
        "071ead70c79a26445f68fb7da86309385687222a46456214b5ba3edf5dd69ce7": "uv 0.5.31 to 0.13.9",
    },
    "deactivate.bat": {
        "36257f0f0ca66917c9380eb5916fccbd0dd4f549110b6fbfa08ad4544ee6445f": "uv 0.5.31",
        "13ea86073a9ee43a66e3549312599dd47ff315758b4ca5a0406faf041fb82300": "uv 0.8.24 to 0.13.9",
    },
    "pydoc.bat": {
        "25e0881364bbc709f46aca6b9d6e918774aa190ad86dfb824764fa8e24a5229f": "uv 0.5.31",
        "2a8eb66d1bc7b73adcd3c6f59e2383e0a7fe9412609c1f9d1870e35035ee6fee": "uv 0.8.24 to 0.10.12",
        "09f9608d478fa48a9e49af8f413cfeaab47773effd185433088b7688ce75890e": "uv 0.11.20 to 0.13.9",
    },
}
"""Files in `bin`, with prefix, its name and the Python version left open."""

SITE_FILES: Final[Mapping[str, Mapping[str, str]]] = {
    "_virtualenv.pth": {
        "69ac3d8f27e679c81b94ab30b3b56e9cd138219b1ba94a1fa3606d5a76a1433d": "uv 0.5.31 to 0.12.10",
    },
    "_virtualenv.py": {
        "6cf30c56faf2a55228914dbbd17f8088ed371ebb08f5e7fa6fd931f913fcaf1d": "uv 0.5.31 to 0.10.12",
        "cfb3db86aaa53bb62b5ff764970bec2d71c9228590a0ebec57f6ec926cc0bf1a": "uv 0.11.20 to 0.12.10",
    },
}
"""Files in `site-packages`, likewise; uv before 0.13 writes them for distutils of Python 3.9."""

MARKERS: Final[Mapping[str, Mapping[str, str]]] = {
    ".gitignore": {
        "36692e1840f82f75adce103fd03e65b1eaa35f798c885b3b545e3abc14ffcbf0": "CPython 3.13.0",
        "684888c0ebb17f374298b65ee2807526c066094c701bcc7ebbe1c1095f494fc1": "uv 0.5.31 to 0.13.9",
    },
    ".lock": {
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855": "uv 0.13.9",
    },
    "CACHEDIR.TAG": {
        "5953156d7e0c564a427251316eaf26f8870e6483ae2197f916b630e4f93e31ae": "uv 0.5.31 to 0.13.9",
    },
}
"""Files beside `pyvenv.cfg`, byte for byte."""
